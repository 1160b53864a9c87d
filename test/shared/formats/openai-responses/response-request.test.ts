import { expect, test } from 'vitest';
import type { z } from 'zod';
import { messagesSchema } from '../../../../src/shared/formats/anthropic-messages/message-request.ts';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';
import { responsesSchema } from '../../../../src/shared/formats/openai-responses/response-request.ts';

const pathsOf = (read: ReturnType<z.ZodType['safeParse']>) =>
  read.success ? [] : problemsOf(read.error).map(({ param }) => param);
const problems = (more: object) =>
  pathsOf(responsesSchema.safeParse({ model: 'gpt-5-mini', input: 'hello', ...more }));
const messageProblems = (more: object) =>
  pathsOf(
    messagesSchema.safeParse({
      model: 'claude-haiku-4-5',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'hello' }],
      ...more,
    }),
  );

test('metadata has as many pairs as anywhere', () => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
  expect(problems({ metadata: pairs(16) })).toEqual([]);
  expect(problems({ metadata: pairs(17) })).toEqual(['metadata']);
});

test('an item that cannot be sent is refused for what it is', () => {
  const refused = (item: object) => {
    const read = responsesSchema.safeParse({ model: 'gpt-5-mini', input: [item] });
    return read.success ? [] : problemsOf(read.error);
  };
  expect(refused({ type: 'web_search_call', id: 'ws_1' })).toEqual([
    { param: 'input.0.type', message: expect.stringMatching(/^must be message, function_call/) },
  ]);
  expect(refused({ role: 'user', content: 'hello' })).toEqual([]);
  expect(refused({ role: 'user', content: [{ type: 'input_audio' }] })).toMatchObject([
    { param: 'input.0.content.0.type' },
  ]);
});

test('a summary of the reasoning is one of three words', () => {
  const summary = (word: unknown) => problems({ reasoning: { summary: word } });
  expect(['auto', 'concise', 'detailed', null].flatMap(summary)).toEqual([]);
  expect(summary('full')).toEqual(['reasoning.summary']);
});

test('whether thinking is shown is one of two words', () => {
  const thinking = (display: unknown) => messageProblems({ thinking: { type: 'adaptive', display } });
  expect([null, 'summarized', 'omitted'].flatMap(thinking)).toEqual([]);
  expect(thinking('full')).toEqual(['thinking.display']);
});

test('a tool that is to be called must be there', () => {
  const named = { type: 'function', name: 'look' };
  expect(problems({ tool_choice: 'required' })).toEqual(['tool_choice']);
  expect(problems({ tools: [{ ...named, name: 'hear' }], tool_choice: named })).toEqual(['tool_choice.name']);
  expect(problems({ tools: [named, named] })).toEqual(['tools']);
  expect(problems({ tools: [named], tool_choice: 'required' })).toEqual([]);
  expect(problems({ tool_choice: 'none' })).toEqual([]);
  const tool = { name: 'look', input_schema: { type: 'object' } };
  expect(messageProblems({ tool_choice: { type: 'any' } })).toEqual(['tool_choice']);
  expect(messageProblems({ tools: [tool], tool_choice: { type: 'tool', name: 'hear' } })).toEqual([
    'tool_choice.name',
  ]);
  expect(messageProblems({ tools: [tool, tool] })).toEqual(['tools']);
  expect(messageProblems({ tools: [tool], tool_choice: { type: 'tool', name: 'look' } })).toEqual([]);
});
