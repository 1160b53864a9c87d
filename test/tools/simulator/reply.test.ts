import { expect, it } from 'vitest';
import type { Prompt } from '../../../tools/simulator/prompt.ts';
import { makeReply, type ReplyChoice } from '../../../tools/simulator/reply.ts';

const tools = ['get_weather', 'f', 'apply-patch'].map((name) => ({ name, schema: {} }));

function replyTo(lastUser: string, more: Partial<Prompt> = {}): ReplyChoice {
  const prompt: Prompt = {
    provider: 'openai',
    model: 'm',
    lastUser,
    inputText: lastUser,
    messages: 1,
    images: 0,
    results: [],
    maxTokens: 100,
    stop: [],
    n: 1,
    tools,
    forcedTool: null,
    mayCall: true,
    answerSchema: null,
    stream: false,
    includeUsage: true,
    ...more,
  };
  return makeReply(prompt, null).choices[0] as ReplyChoice;
}

const called = (lastUser: string, more: Partial<Prompt> = {}) =>
  replyTo(lastUser, more).toolCalls.map(({ name }) => name);

it.each<[text: string, names: string[]]>([
  ['use the get_weather tool', ['get_weather']],
  ['Please run get_weather.', ['get_weather']],
  ['call "apply-patch" now', ['apply-patch']],
  ['[[call:f]]', ['f']],
  ['use the f tool', ['f']],
  ['[[call:apply-patch]] and not get_weather', ['apply-patch']],
  ['get_weather [[calls:2]]', ['get_weather', 'get_weather']],
  ['what is the weather', []],
  ['get_weathers', []],
  ['f', []],
  ['[[call:other]] get_weather', []],
  ['<system-reminder>Never use get_weather.</system-reminder>\nsay hi', []],
  ['say hi<system>\nget_weather\n</system>', []],
])('calls a tool by itself when %j names it', (text, names) => {
  expect(called(text)).toEqual(names);
});

it('calls none by itself where it may not', () => {
  expect(called('get_weather', { mayCall: false })).toEqual([]);
  expect(called('get_weather', { forcedTool: '*' })).toEqual(['get_weather']);
  expect(called('hello', { forcedTool: 'f', mayCall: false })).toEqual(['f']);
});

it.each<[text: string, args: string[]]>([
  ['[[call:f {"a":1}]]', ['{"a":1}']],
  ['[[call:f {"a":[1,2]}]] [[call:get_weather {"city":"Riga"}]]', ['{"a":[1,2]}', '{"city":"Riga"}']],
  ['[[call:f one\ntwo]]', ['one\ntwo']],
  ['[[call:f]]', ['{}']],
])('takes the arguments from %j', (text, args) => {
  expect(replyTo(text).toolCalls.map((call) => call.args)).toEqual(args);
});

it('shows what reached it where that is asked for', () => {
  const seen = { images: 2, results: ['21 degrees'] };
  expect(replyTo('[[seen]]', seen).text).toContain(
    'seen: {"messages":1,"images":2,"results":["21 degrees"]}',
  );
  expect(replyTo('hello', seen).text).not.toContain('21 degrees');
});
