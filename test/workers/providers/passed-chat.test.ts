import { expect, it } from 'vitest';
import type { Quirks } from '../../../src/shared/catalogue/quirks.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import {
  compatibleDialect,
  type OpenaiDialect,
  openaiDialect,
} from '../../../src/workers/providers/openai-dialect.ts';
import { passedChatOf } from '../../../src/workers/providers/passed-chat.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';

type Fields = Record<string, unknown>;

/** The body that a server is sent of what its client wrote. */
function sent(body: Fields, dialect: OpenaiDialect): Fields {
  const request = { tools: body['tools'], pass_through: { dialect: 'chat', body } } as unknown as ChatRequest;
  const call = { request, model: 'llama', maxOutputTokens: 100, stream: false } as ProviderCall;
  return passedChatOf(call, dialect) as unknown as Fields;
}

const plain = compatibleDialect();
const quirky = (quirks: Quirks) => compatibleDialect(quirks);
const rich = quirky({ content_parts: true, developer_role: true, hints: ['user', 'verbosity'] });

const message = (given: Fields, dialect: OpenaiDialect) =>
  (sent({ model: 'm', messages: [given], max_tokens: 100 }, dialect)['messages'] as Fields[])[0];

const texts = [
  { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
  { type: 'text', text: 'b' },
];
const called = (more: Fields) => ({ role: 'assistant', content: null, tool_calls: [more] });
const functionCall = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' }, unknown: 1 };

it.each<[string, Fields, OpenaiDialect]>([
  ['fields with names that every object has', { role: 'user', content: 'a', constructor: 'b' }, plain],
  ['fields that nobody here knows', { role: 'user', content: 'a', colour: 'red' }, plain],
  ['a call', called(functionCall), plain],
  [
    'what it thought, where it is wanted back',
    { role: 'assistant', content: 'a', reasoning_content: 'b' },
    plain,
  ],
  ['details of what it thought', { role: 'assistant', content: 'a', reasoning_details: [{ x: 1 }] }, plain],
  ['texts in parts, where they are taken', { role: 'user', content: texts }, rich],
  ['an instruction of the developer’s, where the role is known', { role: 'developer', content: 'a' }, rich],
  ['a refusal, to OpenAI', { role: 'assistant', content: null, refusal: 'no' }, openaiDialect],
])('%s goes as its client wrote it', (_what, given, dialect) => {
  expect(message(given, dialect)).toEqual(given);
});

it.each<[string, Fields, OpenaiDialect, Fields]>([
  [
    'an instruction of the developer’s',
    { role: 'developer', content: 'a' },
    plain,
    { role: 'system', content: 'a' },
  ],
  ['texts in parts', { role: 'user', content: texts, x: 1 }, plain, { role: 'user', content: 'a\nb', x: 1 }],
  [
    'a mark of a cache, to OpenAI',
    { role: 'user', content: [texts[0]] },
    openaiDialect,
    { role: 'user', content: [{ type: 'text', text: 'a' }] },
  ],
  [
    'what it thought, to OpenAI',
    { role: 'assistant', content: 'a', reasoning_content: 'b', reasoning: 'b' },
    openaiDialect,
    { role: 'assistant', content: 'a' },
  ],
  [
    'what it thought, where it is refused',
    { role: 'assistant', content: 'a', reasoning_content: 'b' },
    quirky({ reasoning_content: false }),
    { role: 'assistant', content: 'a' },
  ],
  [
    'one thought under two names',
    { role: 'assistant', content: 'a', reasoning: 'b', reasoning_content: 'b' },
    plain,
    { role: 'assistant', content: 'a', reasoning: 'b' },
  ],
  [
    'state of Claude’s',
    {
      role: 'assistant',
      content: 'a',
      reasoning_content: 'b',
      extra_content: { anthropic: { content: [{ type: 'thinking' }] } },
    },
    plain,
    { role: 'assistant', content: 'a' },
  ],
  [
    'state that its server left in our words',
    { role: 'assistant', content: 'a', extra_content: { openai: { reasoning: 'b' } } },
    plain,
    { role: 'assistant', content: 'a', reasoning: 'b' },
  ],
  [
    'a refusal',
    { role: 'assistant', content: null, refusal: 'no' },
    plain,
    { role: 'assistant', content: 'no' },
  ],
  [
    'arguments as an object',
    called({ ...functionCall, function: { name: 'f', arguments: { a: 1 } } }),
    plain,
    called({ ...functionCall, function: { name: 'f', arguments: '{"a":1}' } }),
  ],
  [
    'an id that is too long, to OpenAI',
    { role: 'tool', content: 'a', tool_call_id: 'x'.repeat(41) },
    openaiDialect,
    { role: 'tool', content: 'a', tool_call_id: expect.stringMatching(/^[0-9a-f]{40}$/) },
  ],
  [
    'what OpenAI’s answers have and others refuse',
    { role: 'assistant', content: 'a', annotations: [], audio: null, function_call: null, x: 1 },
    plain,
    { role: 'assistant', content: 'a', x: 1 },
  ],
  [
    'what an SDK has parsed',
    {
      ...called({ ...functionCall, function: { name: 'f', arguments: '{}', parsed_arguments: {} } }),
      parsed: {},
    },
    openaiDialect,
    called({ ...functionCall, function: { name: 'f', arguments: '{}' } }),
  ],
  [
    'an answer without a word',
    { role: 'assistant', content: null },
    openaiDialect,
    { role: 'assistant', content: '' },
  ],
])('%s is changed in what the server takes otherwise', (_what, given, dialect, expected) => {
  expect(message(given, dialect)).toEqual(expected);
});

it.each<[string, OpenaiDialect, Fields[]]>([
  [
    'of a server with a template',
    plain,
    [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: '<system>\nc\n</system>\n\nd' },
    ],
  ],
  [
    'of OpenAI',
    openaiDialect,
    [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'system', content: 'c' },
      { role: 'user', content: 'd' },
    ],
  ],
])('an instruction between turns stands where it can in a body %s', (_of, dialect, expected) => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'system', content: 'c' },
    { role: 'user', content: 'd' },
  ];
  expect(sent({ model: 'm', messages, max_tokens: 100 }, dialect)['messages']).toEqual(expected);
});

it('Google’s own endpoint gets back the signature that it hung on a call', () => {
  const extra_content = { google: { thought_signature: 'sig' } };
  expect(message(called({ ...functionCall, extra_content }), plain)).toEqual(
    called({ ...functionCall, extra_content }),
  );
});

const tools = [{ type: 'function', function: { name: 'f', strict: true, parameters: {} }, unknown: 1 }];
const loose = [{ type: 'function', function: { name: 'f', parameters: {} }, unknown: 1 }];

it.each<[string, Fields, OpenaiDialect, Fields]>([
  [
    'what is asked for',
    { temperature: 0.5, seed: 7, top_k: 3 },
    plain,
    { temperature: 0.5, seed: 7, top_k: 3 },
  ],
  ['a hint that it takes', { verbosity: 'low', user: 'u' }, rich, { verbosity: 'low', user: 'u' }],
  ['hints that it does not take', { verbosity: 'low', safety_identifier: 's' }, plain, {}],
  [
    'hints, to OpenAI',
    { verbosity: 'low', safety_identifier: 's' },
    openaiDialect,
    { verbosity: 'low', safety_identifier: 's' },
  ],
  ['nulls', { stop: null }, plain, {}],
  ['nulls, to OpenAI', { stop: null }, openaiDialect, { stop: null }],
  ['what only OpenAI documents', { modalities: ['text'], prompt_cache_retention: '24h' }, plain, {}],
  ['strict tools', { tools }, plain, { tools }],
  ['strict tools, where they are refused', { tools }, quirky({ strict_tools: false }), { tools: loose }],
  ['no tools', { tools: [], tool_choice: 'auto', parallel_tool_calls: false }, plain, {}],
  ['one call at a time', { tools, parallel_tool_calls: false }, plain, { tools, parallel_tool_calls: false }],
  [
    'one call at a time, where that is refused',
    { tools, parallel_tool_calls: false },
    quirky({ parallel_tool_calls: false }),
    { tools },
  ],
  ['as many calls as it likes', { tools, parallel_tool_calls: true }, plain, { tools }],
])('%s of a body reaches a server as it takes it', (_what, given, dialect, expected) => {
  const { model, messages, max_tokens, max_completion_tokens, ...rest } = sent(
    { model: 'm', messages: [], ...given },
    dialect,
  );
  expect(rest).toEqual(expected);
  expect([model, messages, max_tokens ?? max_completion_tokens]).toEqual(['llama', [], 100]);
});
