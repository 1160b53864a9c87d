import { expect, it } from 'vitest';
import type { ChatRequest, Message } from '../../../src/shared/chat/chat.ts';
import { toResponsesRequest } from '../../../src/workers/providers/openai-responses-request.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';

function bodyOf(request: Partial<ChatRequest>, call: Partial<ProviderCall> = {}): Record<string, unknown> {
  const body = toResponsesRequest({
    attemptId: 'att_1',
    model: 'gpt-5.4',
    api: 'responses',
    request: { model: 'openai/gpt-5.4', messages: [{ role: 'user', content: 'hi' }], ...request },
    maxOutputTokens: 4000,
    stream: false,
    reasons: true,
    signal: new AbortController().signal,
    onDelta: () => undefined,
    ...call,
  });
  return body as unknown as Record<string, unknown>;
}

const inputOf = (messages: Message[]) => bodyOf({ messages })['input'];
const user: Message = { role: 'user', content: 'U' };
const call = (id: string, name = 'f', text = '{"x":1}') => ({
  id,
  type: 'function' as const,
  function: { name, arguments: text },
});

it('stores nothing at OpenAI and asks for encrypted reasoning where the model reasons', () => {
  expect(bodyOf({})).toEqual({
    model: 'gpt-5.4',
    input: [{ type: 'message', role: 'user', content: 'hi' }],
    store: false,
    max_output_tokens: 4000,
    include: ['reasoning.encrypted_content'],
  });
  expect(bodyOf({}, { reasons: false })).not.toHaveProperty('include');
  expect(bodyOf({}, { stream: true })).toMatchObject({ stream: true });
});

const parts: Message = {
  role: 'user',
  content: [
    { type: 'text', text: 'look' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
    { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
    { type: 'file', file: { file_data: 'data:application/pdf;base64,AA==', filename: 'a.pdf' } },
    { type: 'file', file: { file_data: 'data:application/pdf;base64,AA==' } },
    { type: 'file', file: { file_url: 'https://x.test/a.pdf' } },
  ],
};
const partItems = [
  { type: 'input_text', text: 'look' },
  { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'low' },
  { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'auto' },
  { type: 'input_file', file_data: 'data:application/pdf;base64,AA==', filename: 'a.pdf' },
  { type: 'input_file', file_data: 'data:application/pdf;base64,AA==', filename: 'document' },
  { type: 'input_file', file_url: 'https://x.test/a.pdf' },
];

it.each<[what: string, messages: Message[], items: unknown[]]>([
  [
    'instructions where they stand',
    [{ role: 'system', content: 'S' }, user, { role: 'developer', content: [{ type: 'text', text: 'D' }] }],
    [
      { type: 'message', role: 'system', content: 'S' },
      { type: 'message', role: 'user', content: 'U' },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'D' }] },
    ],
  ],
  ['images and documents', [parts], [{ type: 'message', role: 'user', content: partItems }]],
  [
    'who of several users spoke',
    [
      { role: 'user', name: 'ann', content: 'U' },
      { role: 'user', name: 'bob', content: [{ type: 'text', text: 'V' }] },
      { role: 'assistant', name: 'model', content: 'A' },
    ],
    [
      { type: 'message', role: 'user', content: 'ann: U' },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'bob: ' },
          { type: 'input_text', text: 'V' },
        ],
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'A', annotations: [] }] },
    ],
  ],
  [
    'a turn with text and two calls, and their results',
    [
      user,
      { role: 'assistant', content: 'T', tool_calls: [call('a'), call('b', 'g', '')] },
      { role: 'tool', tool_call_id: 'a', content: '{"y":2}' },
      { role: 'tool', tool_call_id: 'b', content: parts.content as string },
    ],
    [
      { type: 'message', role: 'user', content: 'U' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'T', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'function_call', call_id: 'b', name: 'g', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output: '{"y":2}' },
      { type: 'function_call_output', call_id: 'b', output: partItems },
    ],
  ],
  [
    'a refusal, no message for a turn without words, and a result for each call',
    [
      { role: 'assistant', content: null, refusal: 'No.' },
      { role: 'assistant', content: '', tool_calls: [call('a')] },
      user,
    ],
    [
      { type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'function_call_output', call_id: 'a', output: 'There is no result of this call.' },
      { type: 'message', role: 'user', content: 'U' },
    ],
  ],
  [
    'an id that is used again as one of its own, each with its result',
    [
      { role: 'assistant', tool_calls: [call('a')] },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'assistant', tool_calls: [{ ...call('a', 'patch', '{"input":"p"}'), custom: true }] },
      { role: 'tool', tool_call_id: 'a', content: '2' },
    ],
    [
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'function_call_output', call_id: 'a', output: '1' },
      { type: 'custom_tool_call', call_id: 'a_2', name: 'patch', input: 'p' },
      { type: 'custom_tool_call_output', call_id: 'a_2', output: '2' },
    ],
  ],
  [
    'calls of a custom tool as free text',
    [
      {
        role: 'assistant',
        tool_calls: [{ ...call('a', 'patch', '{"input":"*** Begin\\n\\"x\\""}'), custom: true }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
    ],
    [
      { type: 'custom_tool_call', call_id: 'a', name: 'patch', input: '*** Begin\n"x"' },
      { type: 'custom_tool_call_output', call_id: 'a', output: 'done' },
    ],
  ],
])('sends %s', (_what, messages, items) => {
  expect(inputOf(messages)).toEqual(items);
});

it('gives reasoning back before what came of it, and nothing that is not encrypted or not OpenAI’s', () => {
  const item = (id: string, more = {}) => ({ type: 'reasoning', id, summary: [], ...more });
  const reasoning_items = [
    item('rs_1', { encrypted_content: 'e1' }),
    item('rs_2', { encrypted_content: 'e2', before: 'b' }),
    item('rs_3'),
    item('rs_4', { encrypted_content: 'e4', before: 'gone' }),
  ];
  const extra_content = {
    openai: { reasoning_items, phase: 'commentary', reasoning_content: 'r' },
    anthropic: { content: [{ type: 'thinking', thinking: 't', signature: 's' }] },
    google: { thought_signature: 's' },
  };
  const turn: Message = {
    role: 'assistant',
    content: 'T',
    tool_calls: [call('a'), call('b')],
    extra_content,
  };
  const results = ['a', 'b'].map((id): Message => ({ role: 'tool', tool_call_id: id, content: id }));
  expect(inputOf([{ ...turn, reasoning_content: 'r' }, ...results])).toEqual([
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e1' },
    { type: 'reasoning', id: 'rs_4', summary: [], encrypted_content: 'e4' },
    {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'T', annotations: [] }],
      phase: 'commentary',
    },
    { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
    { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'e2' },
    { type: 'function_call', call_id: 'b', name: 'f', arguments: '{"x":1}' },
    { type: 'function_call_output', call_id: 'a', output: 'a' },
    { type: 'function_call_output', call_id: 'b', output: 'b' },
  ]);
});

it('sends no reasoning that nothing of its turn follows', () => {
  const reasoning_items = [{ type: 'reasoning', id: 'rs_1', encrypted_content: 'e' }];
  const turn: Message = { role: 'assistant', content: '', extra_content: { openai: { reasoning_items } } };
  expect(inputOf([turn, user])).toEqual([{ type: 'message', role: 'user', content: 'U' }]);
});

it('shortens ids that OpenAI finds too long, the same in a call and its result', () => {
  const id = `call_${'x'.repeat(80)}`;
  const input = inputOf([
    { role: 'assistant', tool_calls: [call(id)] },
    { role: 'tool', tool_call_id: id, content: 'r' },
  ]) as { call_id: string }[];
  expect(input[0]?.call_id).toMatch(/^call_[0-9a-f]{40}$/);
  expect(input[1]?.call_id).toBe(input[0]?.call_id);
});

const schema = { type: 'object', properties: { x: { type: 'integer' } } };
const f = { type: 'function' as const, function: { name: 'f', description: 'd', parameters: schema } };
const grammar = { definition: 'start: "x"', syntax: 'lark' };
const customTool = (format: unknown) => ({
  type: 'function' as const,
  custom: { format },
  function: { name: 'patch', description: 'd' },
});
const asFunction = { type: 'function', name: 'f', description: 'd', parameters: schema, strict: false };
const noParameters = { type: 'object', properties: {}, required: [], additionalProperties: false };

it.each<[what: string, request: Partial<ChatRequest>, sent: Record<string, unknown>]>([
  ['a function, not strict without a word', { tools: [f] }, { tools: [asFunction] }],
  [
    'a strict function',
    { tools: [{ ...f, function: { ...f.function, strict: true } }] },
    { tools: [{ ...asFunction, strict: true }] },
  ],
  [
    'a function without parameters',
    { tools: [{ type: 'function', function: { name: 'f' } }] },
    { tools: [{ type: 'function', name: 'f', parameters: noParameters, strict: false }] },
  ],
  [
    'a function with parameters that say nothing',
    { tools: [{ type: 'function', function: { name: 'f', parameters: {}, strict: null } }] },
    { tools: [{ type: 'function', name: 'f', parameters: noParameters, strict: false }] },
  ],
  [
    'a custom tool without a grammar',
    { tools: [customTool(null)] },
    { tools: [{ type: 'custom', name: 'patch', description: 'd' }] },
  ],
  [
    'a grammar as the Responses API has it',
    { tools: [customTool({ type: 'grammar', ...grammar })] },
    { tools: [{ type: 'custom', name: 'patch', description: 'd', format: { type: 'grammar', ...grammar } }] },
  ],
  [
    'a grammar as chat completions have it',
    { tools: [customTool({ type: 'grammar', grammar })] },
    { tools: [{ type: 'custom', name: 'patch', description: 'd', format: { type: 'grammar', ...grammar } }] },
  ],
  ['a choice', { tools: [f], tool_choice: 'required' }, { tool_choice: 'required' }],
  [
    'the choice of a function',
    { tools: [f], tool_choice: { type: 'function', function: { name: 'f' } } },
    { tool_choice: { type: 'function', name: 'f' } },
  ],
  [
    'the choice of a custom tool',
    { tools: [f, customTool(null)], tool_choice: { type: 'function', function: { name: 'patch' } } },
    { tool_choice: { type: 'custom', name: 'patch' } },
  ],
  ['one call at a time', { tools: [f], parallel_tool_calls: false }, { parallel_tool_calls: false }],
  [
    'a schema for the answer',
    { response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } },
    { text: { format: { type: 'json_schema', name: 'n', schema, strict: false } } },
  ],
  [
    'a strict schema, and verbosity beside it',
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', description: 'd', schema, strict: true },
      },
      verbosity: 'low',
    },
    {
      text: {
        format: { type: 'json_schema', name: 'n', description: 'd', schema, strict: true },
        verbosity: 'low',
      },
    },
  ],
  ['JSON mode', { response_format: { type: 'json_object' } }, { text: { format: { type: 'json_object' } } }],
  ['an effort', { reasoning_effort: 'xhigh' }, { reasoning: { effort: 'xhigh' } }],
  [
    'an effort and a summary',
    { reasoning_effort: 'low', reasoning_summary: 'detailed' },
    { reasoning: { effort: 'low', summary: 'detailed' } },
  ],
  [
    'log probabilities',
    { logprobs: true, top_logprobs: 3 },
    { include: ['reasoning.encrypted_content', 'message.output_text.logprobs'], top_logprobs: 3 },
  ],
  [
    'sampling and who asks',
    { temperature: 0.5, top_p: 0.9, user: 'u', safety_identifier: 's', prompt_cache_key: 'k' },
    { temperature: 0.5, top_p: 0.9, user: 'u', safety_identifier: 's', prompt_cache_key: 'k' },
  ],
])('sends %s', (_what, request, sent) => {
  expect(bodyOf(request)).toMatchObject(sent);
});

it('sends no field that the API does not have', () => {
  const body = bodyOf({
    temperature: 1,
    top_p: 1,
    n: 1,
    seed: 7,
    stop: [],
    presence_penalty: 0,
    frequency_penalty: 0,
    logit_bias: {},
    logprobs: false,
    top_logprobs: 0,
    max_tokens: 9,
    max_completion_tokens: 9,
    metadata: { a: 'b' },
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    thinking_budget_tokens: 2000,
    hide_reasoning: true,
  });
  expect(Object.keys(body).sort()).toEqual(['include', 'input', 'max_output_tokens', 'model', 'store']);
});
