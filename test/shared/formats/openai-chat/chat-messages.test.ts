import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';
import { messageSchema } from '../../../../src/shared/formats/openai-chat/chat-messages.ts';

const mark = { cache_control: { type: 'ephemeral' } };
const marked = { extra_content: { anthropic: mark } };
const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
const base64 = Buffer.from('a,b').toString('base64');

/** What clients leave in a history, and what is read of it. */
const tolerated: [string, object, object][] = [
  [
    'the mark of OpenRouter and LiteLLM on a message',
    { role: 'system', content: 'x', ...mark },
    { role: 'system', content: 'x', ...marked },
  ],
  [
    'the mark on a part',
    { role: 'user', content: [{ type: 'text', text: 'x', ...mark }] },
    { role: 'user', content: [{ type: 'text', text: 'x', ...marked }] },
  ],
  [
    'a mark that is none',
    { role: 'user', content: 'x', cache_control: true },
    { role: 'user', content: 'x' },
  ],
  [
    'a role and a refusal within a part',
    { role: 'assistant', content: [{ type: 'text', text: 'x', role: 'assistant', refusal: null }] },
    { role: 'assistant', content: [{ type: 'text', text: 'x' }] },
  ],
  [
    'the type and the function of a call beside the calls',
    { role: 'assistant', content: null, tool_calls: [call], type: 'function', function: call.function },
    { role: 'assistant', tool_calls: [call] },
  ],
  [
    'fields of a stream in a call',
    { role: 'assistant', tool_calls: [{ ...call, index: 0, parsed_arguments: {} }] },
    { role: 'assistant', tool_calls: [call] },
  ],
  [
    'a call without a type, with arguments that are an object',
    { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'look', arguments: { a: 1 } } }] },
    { role: 'assistant', tool_calls: [{ ...call, function: { name: 'look', arguments: '{"a":1}' } }] },
  ],
  [
    'a call without arguments',
    { role: 'assistant', tool_calls: [{ ...call, function: { name: 'look', arguments: null } }] },
    { role: 'assistant', tool_calls: [{ ...call, function: { name: 'look', arguments: '' } }] },
  ],
  [
    'what a DeepSeek thought',
    { role: 'assistant', content: 'x', reasoning_content: 'hm' },
    { role: 'assistant', content: 'x', reasoning_content: 'hm' },
  ],
  [
    'what a model of OpenRouter’s thought',
    {
      role: 'assistant',
      content: 'x',
      reasoning: 'hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
    },
    {
      role: 'assistant',
      content: 'x',
      extra_content: {
        openai: { reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] },
      },
    },
  ],
  [
    'details of reasoning that are none',
    { role: 'assistant', content: 'x', reasoning: {}, reasoning_details: [{ type: 'image' }] },
    { role: 'assistant', content: 'x' },
  ],
  [
    'thinking among the parts',
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: [] },
        { type: 'text', text: 'x' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'x' }] },
  ],
  [
    'the state of an answer on its text, which the Agents SDK leaves there',
    {
      role: 'assistant',
      content: [
        {
          type: 'text',
          text: 'x',
          extra_content: {
            anthropic: { content: [{ type: 'text', text: 'x' }], cache_control: { type: 'ephemeral' } },
            google: { thought_signature: 's' },
          },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'x', extra_content: { anthropic: { cache_control: { type: 'ephemeral' } } } },
      ],
      extra_content: {
        anthropic: { content: [{ type: 'text', text: 'x' }] },
        google: { thought_signature: 's' },
      },
    },
  ],
  [
    'that state where the message has its own',
    {
      role: 'assistant',
      content: [{ type: 'text', text: 'x', extra_content: { google: { thought_signature: 'a' } } }],
      extra_content: { google: { thought_signature: 'b' } },
    },
    {
      role: 'assistant',
      content: [{ type: 'text', text: 'x' }],
      extra_content: { google: { thought_signature: 'b' } },
    },
  ],
  [
    'a refusal among the parts',
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    { role: 'assistant', refusal: 'no' },
  ],
  [
    'the call of a function from before there were tools',
    { role: 'assistant', content: null, function_call: { name: 'look', arguments: '{}' } },
    {
      role: 'assistant',
      tool_calls: [{ id: 'call_look', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
  ],
  [
    'its result',
    { role: 'function', name: 'look', content: 'x' },
    { role: 'tool', tool_call_id: 'call_look', content: 'x' },
  ],
  ['an assistant that says nothing', { role: 'assistant' }, { role: 'assistant', content: '' }],
  ['no parts at all', { role: 'assistant', content: [] }, { role: 'assistant', content: '' }],
  ['a user without content', { role: 'user', content: null }, { role: 'user', content: '' }],
  [
    'a result without content, and with a name',
    { role: 'tool', tool_call_id: 'c1', name: 'look', content: null, is_error: true },
    { role: 'tool', tool_call_id: 'c1', content: '' },
  ],
  [
    'an image of a resolution that only newer models have',
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: 'https://e.com/a', detail: 'original' } }],
    },
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://e.com/a' } }] },
  ],
  [
    'an image in the result of a tool',
    {
      role: 'tool',
      tool_call_id: 'c1',
      content: [{ type: 'image_url', image_url: { url: 'https://e.com/a' } }],
    },
    {
      role: 'tool',
      tool_call_id: 'c1',
      content: [{ type: 'image_url', image_url: { url: 'https://e.com/a' } }],
    },
  ],
  [
    'a PDF as its base64 alone',
    { role: 'user', content: [{ type: 'file', file: { file_data: 'JVBERi0=', filename: 'a.pdf' } }] },
    {
      role: 'user',
      content: [
        { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' } },
      ],
    },
  ],
  [
    'a document that is text',
    {
      role: 'user',
      content: [{ type: 'file', file: { file_data: `data:text/csv;base64,${base64}`, filename: 'a.csv' } }],
    },
    { role: 'user', content: [{ type: 'text', text: 'a.csv:\na,b' }] },
  ],
  [
    'a call of a custom tool',
    { role: 'assistant', tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'patch', input: 'x' } }] },
    {
      role: 'assistant',
      tool_calls: [
        { id: 'c1', type: 'function', custom: true, function: { name: 'patch', arguments: '{"input":"x"}' } },
      ],
    },
  ],
];

describe('a message is read with', () => {
  it.each(tolerated)('%s', (_what, given, expected) => {
    expect(messageSchema.parse(given)).toEqual(expected);
  });

  it.each(tolerated)('%s, and any field that nobody knows', (_what, given, expected) => {
    const content = (given as { content?: unknown }).content;
    const parts = Array.isArray(content) ? content.map((part) => ({ ...part, colour: 'red' })) : content;
    const more = { ...given, ...(content !== undefined && { content: parts }), colour: 'red' };
    expect(messageSchema.parse(more)).toEqual(expected);
  });
});

it.each<[string, object, string]>([
  ['a document of another kind', { file_data: 'data:application/zip;base64,AAAA' }, 'application/zip is not'],
  ['text that is none', { file_data: 'data:text/plain;base64,/w==' }, 'must be text in UTF-8'],
  ['base64 that is none', { file_data: 'data:application/pdf;base64,A' }, 'valid base64'],
  ['a file by its id', { file_id: 'file_1' }, 'by their id are not supported'],
])('%s is refused by its path', (_what, file, message) => {
  const read = messageSchema.safeParse({ role: 'user', content: [{ type: 'file', file }] });
  expect(read.success ? [] : problemsOf(read.error)).toMatchObject([
    { param: 'content.0.file.file_data', message: expect.stringContaining(message) },
  ]);
});

it('what an assistant has spoken is refused, since nobody could hear it', () => {
  const read = messageSchema.safeParse({ role: 'assistant', audio: { id: 'audio_1' } });
  expect(read.success ? [] : problemsOf(read.error)).toMatchObject([
    { param: 'audio', message: 'audio is not supported' },
  ]);
});
