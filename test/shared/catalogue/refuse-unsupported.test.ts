import { describe, expect, it } from 'vitest';
import { parseDataUrl } from '../../../src/shared/catalogue/data-url.ts';
import type { UpstreamKind } from '../../../src/shared/catalogue/refusal.ts';
import { refusePassed, refuseUnsupported } from '../../../src/shared/catalogue/refuse-unsupported.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { withClientPath } from '../../../src/shared/chat/client-path.ts';

const models: Record<UpstreamKind, string> = {
  openai: 'openai/gpt-5-mini',
  anthropic: 'anthropic/claude-haiku-4-5',
  google: 'google/gemini-2.5-flash',
  compatible: 'local/llama',
};
const kinds = Object.keys(models) as UpstreamKind[];
const tools = [{ type: 'function' as const, function: { name: 'f' } }];

function refused(kind: UpstreamKind, request: Partial<ChatRequest>, supports = {}): string[] {
  const whole = { model: models[kind], messages: [{ role: 'user' as const, content: 'hi' }], ...request };
  return refuseUnsupported(whole, kind, supports).map((refusal) => refusal.param);
}

it.each(kinds)('lets neutral values and hints pass to %s', (kind) => {
  const neutral: Partial<ChatRequest> = {
    n: 1,
    temperature: 1,
    top_p: 1,
    logprobs: false,
    top_logprobs: 0,
    presence_penalty: 0,
    frequency_penalty: 0,
    logit_bias: {},
    verbosity: 'medium',
    stop: [],
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    response_format: { type: 'text' },
    reasoning_effort: 'low',
    user: 'u',
    safety_identifier: 's',
    prompt_cache_key: 'k',
    metadata: { a: 'b' },
    max_tokens: 4000,
  };
  expect(refused(kind, neutral)).toEqual([]);
});

const schemaless: ChatRequest['response_format'] = { type: 'json_schema', json_schema: { name: 'x' } };
const image = (url: string, detail?: 'low'): Partial<ChatRequest> => ({
  messages: [
    { role: 'user', content: [{ type: 'image_url', image_url: { url, ...(detail && { detail }) } }] },
  ],
});
const picture = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } };
const pdf = { type: 'file' as const, file: { file_data: 'data:application/pdf;base64,JVBERi0=' } };
const toolTurn = (args: string, id = 'call_1'): Partial<ChatRequest> => ({
  messages: [
    { role: 'user', content: 'x' },
    { role: 'assistant', tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: args } }] },
    { role: 'tool', tool_call_id: id, content: 'y' },
  ],
});

const cases: [string, Partial<ChatRequest>, Partial<Record<UpstreamKind, string[]>>][] = [
  ['n', { n: 2 }, { anthropic: ['n'] }],
  ['many choices', { n: 9 }, { anthropic: ['n'], google: ['n'] }],
  ['seed', { seed: 0 }, {}],
  ['logprobs', { logprobs: true, top_logprobs: 2 }, { anthropic: ['logprobs', 'top_logprobs'] }],
  [
    'penalties',
    { presence_penalty: 0.5, frequency_penalty: -1 },
    { anthropic: ['presence_penalty', 'frequency_penalty'] },
  ],
  ['logit bias', { logit_bias: { 50256: -100 } }, { anthropic: ['logit_bias'], google: ['logit_bias'] }],
  ['verbosity', { verbosity: 'low' }, { anthropic: ['verbosity'], google: ['verbosity'] }],
  ['hot', { temperature: 1.5 }, { anthropic: ['temperature'] }],
  ['both samplings', { temperature: 0.5, top_p: 0.5 }, { anthropic: ['top_p'] }],
  ['JSON mode', { response_format: { type: 'json_object' } }, {}],
  ['no schema', { response_format: schemaless }, {}],
  ['JSON and tools', { response_format: { type: 'json_object' }, tools }, { google: ['response_format'] }],
  ['white stop', { stop: '\n\n' }, {}],
  ['six stops', { stop: ['a', 'b', 'c', 'd', 'e', 'f'] }, { google: ['stop'], openai: ['stop'] }],
  ['one call at a time', { parallel_tool_calls: false, tools }, {}],
  ['top_k', { top_k: 5 }, { openai: ['top_k'] }],
  [
    'an effort that does not ask for thinking, before a forced tool',
    { reasoning_effort: 'low', effort_alone: true, tools, tool_choice: 'required' },
    {},
  ],
  [
    'a budget beyond the maximum of the output',
    { reasoning_effort: 'high', thinking_budget_tokens: 3000, max_tokens: 2000 },
    { anthropic: ['thinking_budget_tokens'] },
  ],
  [
    'a budget beyond a maximum without room',
    { reasoning_effort: 'low', thinking_budget_tokens: 2048, max_tokens: 1024 },
    { anthropic: ['thinking_budget_tokens'] },
  ],
  [
    'a name as long as Anthropic’s may be',
    { tools: [{ type: 'function', function: { name: 'f'.repeat(65) } }] },
    {
      openai: ['tools.0.function.name'],
      google: ['tools.0.function.name'],
      compatible: ['tools.0.function.name'],
    },
  ],
  [
    'thinking before a forced tool',
    { reasoning_effort: 'low', tools, tool_choice: 'required' },
    { anthropic: ['tool_choice'] },
  ],
  [
    'thinking without room',
    { reasoning_effort: 'low', max_tokens: 1024 },
    { anthropic: ['reasoning_effort'] },
  ],
  ['an image by URL', image('https://example.com/a.png'), { google: ['messages.0.content.0.image_url'] }],
  ['image detail', image('data:image/png;base64,AAAA', 'low'), {}],
  [
    'a HEIC image',
    image('data:image/heic;base64,AAAA'),
    {
      openai: ['messages.0.content.0.image_url'],
      anthropic: ['messages.0.content.0.image_url'],
      compatible: ['messages.0.content.0.image_url'],
    },
  ],
  ['tool calls', toolTurn('{"a":1}'), {}],
  ['a tool call without arguments', toolTurn(''), {}],
  ['arguments that are no object', toolTurn('[1]'), {}],
  ['arguments that are no JSON', toolTurn('{'), {}],
  ['a foreign call id', toolTurn('{}', 'call.1'), {}],
  [
    'a result without a call',
    { messages: [{ role: 'tool', tool_call_id: 'x', content: 'y' }] },
    { anthropic: ['messages.0.tool_call_id'], google: ['messages.0.tool_call_id'] },
  ],
  [
    'a late instruction',
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'system', content: 'y' },
      ],
    },
    {},
  ],
  [
    'instructions only',
    { messages: [{ role: 'system', content: 'y' }] },
    { anthropic: ['messages'], google: ['messages'] },
  ],
  [
    'an empty message',
    { messages: [{ role: 'user', content: '' }] },
    { anthropic: ['messages.0.content'], google: ['messages.0.content'] },
  ],
  [
    'a message of white space',
    { messages: [{ role: 'user', content: ' \n' }] },
    { anthropic: ['messages.0.content'] },
  ],
  [
    'an empty message among others',
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '' },
        { role: 'user', content: [{ type: 'text', text: '' }] },
      ],
    },
    {},
  ],
  ['a PDF', { messages: [{ role: 'user', content: [pdf] }] }, { compatible: ['messages.0.content.0.file'] }],
  [
    'a PDF by its URL',
    {
      messages: [
        { role: 'user', content: [{ type: 'file', file: { file_url: 'https://example.com/a.pdf' } }] },
      ],
    },
    { google: ['messages.0.content.0.file'], compatible: ['messages.0.content.0.file'] },
  ],
  [
    'an image and a PDF in the result of a tool',
    {
      messages: [
        ...(toolTurn('{}').messages ?? []).slice(0, 2),
        { role: 'tool', tool_call_id: 'call_1', content: [picture, pdf] },
      ],
    },
    { compatible: ['messages.2.content.1.file'] },
  ],
  ['a speaker', { messages: [{ role: 'user', name: 'Bo', content: 'x' }] }, {}],
  ['thinking that is to be shown', { thinking_display: 'summarized' }, {}],
  ['thinking that is not to be shown', { thinking_display: 'omitted' }, {}],
  [
    'a cache mark',
    {
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'text',
              text: 'x',
              extra_content: { anthropic: { cache_control: { type: 'ephemeral' } } },
            },
          ],
        },
      ],
    },
    {},
  ],
  [
    'the mark of a result that is an error',
    {
      messages: [
        ...(toolTurn('{}').messages ?? []),
        {
          role: 'tool',
          tool_call_id: 'call_1',
          content: 'no',
          extra_content: { anthropic: { is_error: true, cache_control: { type: 'ephemeral' } } },
        },
      ],
    },
    {},
  ],
  [
    'state of another provider',
    {
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content: 'y',
          extra_content: {
            anthropic: { content: [] },
            google: { thought_signature: 's' },
            openai: { reasoning: 'r' },
          },
        },
      ],
    },
    {},
  ],
];

describe.each(cases)('%s', (_name, request, expected) => {
  it.each(kinds)('towards %s', (kind) => {
    expect(refused(kind, request)).toEqual(expected[kind] ?? []);
  });
});

it('knows what newer models no longer take', () => {
  const model = 'anthropic/claude-sonnet-5';
  expect(refused('anthropic', { model, temperature: 0.2 })).toEqual(['temperature']);
  expect(refused('anthropic', { model, reasoning_effort: 'high', max_tokens: 500 })).toEqual([]);
  expect(refused('google', { model: 'google/gemini-2.5-pro', reasoning_effort: 'none' })).toEqual([
    'reasoning_effort',
  ]);
  expect(refused('google', { model: 'google/gemini-3-flash-preview', reasoning_effort: 'none' })).toEqual([
    'reasoning_effort',
  ]);
});

it('asks the catalogue what a model can', () => {
  const request: Partial<ChatRequest> = {
    tools,
    reasoning_effort: 'low',
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } },
    ...image('data:image/png;base64,AAAA'),
  };
  const nothing = { vision: false, tools: false, json_schema: false, reasoning: false };
  const all = ['tools', 'response_format', 'reasoning_effort', 'messages.0.content.0.image_url'];
  expect(refused('openai', request, nothing)).toEqual(all);
  expect(refused('openai', request)).toEqual([]);
});

it.each<[string, Partial<ChatRequest>, string[]]>([
  ['no thinking', { reasoning_effort: 'none' }, []],
  ['an effort alone', { reasoning_effort: 'high', effort_alone: true }, []],
  ['as much as it likes', { reasoning_effort: 'high', thinking_adaptive: true }, []],
  ['a budget', { reasoning_effort: 'high', thinking_budget_tokens: 2000 }, ['reasoning_effort']],
])('a model that cannot reason may be asked for %s or not', (_what, request, expected) => {
  expect(refused('openai', request, { reasoning: false })).toEqual(expected);
});

it.each([
  'data:image/png;base64,',
  'data:image/png;base64,AAA',
  'data:image/png;base64,AA=A',
  'data:image/png;base64,AA A',
  'data:image/png,AAAA',
  'data:;base64,AAAA',
  'file:///etc/passwd',
  'ftp://example.com/a.png',
  'javascript:alert(1)',
  '',
])('takes %j for no image anywhere', (url) => {
  expect(parseDataUrl(url)).toBeNull();
  for (const kind of kinds) expect(refused(kind, image(url))).toEqual(['messages.0.content.0.image_url']);
});

it('arguments that would be read hold no more values together than a request may', () => {
  const call = (values: number, id: string) => ({
    id,
    type: 'function' as const,
    function: { name: 'f', arguments: `{"a":[${'[],'.repeat(values)}[]]}` },
  });
  const turns = (...sizes: number[]): Partial<ChatRequest> => ({
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: sizes.map((size, index) => call(size, `id${index}`)) },
    ],
  });
  const param = (index: number) => `messages.1.tool_calls.${index}.function.arguments`;
  expect(refused('anthropic', turns(10_000))).toEqual([param(0)]);
  expect(refused('google', turns(...Array.from({ length: 11 }, () => 9900)))).toEqual([param(10)]);
  expect(refused('openai', turns(10_000))).toEqual([]);
});

it('names the result whose call it does not find by where its client wrote it, and by its id', () => {
  const result = { role: 'tool' as const, tool_call_id: 'call_9', content: 'x' };
  const messages = [{ role: 'user' as const, content: 'hi' }, result];
  const find = () => refuseUnsupported({ model: models.anthropic, messages }, 'anthropic', {});
  const message = 'no tool call before it has the id "call_9"';
  expect(find()).toEqual([{ param: 'messages.1.tool_call_id', message }]);
  withClientPath(result, 'messages.0.content.1');
  expect(find()).toEqual([{ param: 'messages.0.content.1', message }]);
});

const budgeted: Partial<ChatRequest> = { reasoning_effort: 'low', thinking_budget_tokens: 2048 };
it.each<[string, Partial<ChatRequest>, body: Record<string, unknown>, string[]]>([
  ['a budget of the whole output', { ...budgeted, max_tokens: 2048 }, {}, ['thinking_budget_tokens']],
  ['a budget with room for an answer', { ...budgeted, max_tokens: 2049 }, {}, []],
  [
    'a budget for all turns',
    { ...budgeted, max_tokens: 1024 },
    { anthropic_beta: 'a,interleaved-thinking-2025-05-14' },
    [],
  ],
  [
    'a budget with another beta',
    { ...budgeted, max_tokens: 1024 },
    { anthropic_beta: 'a' },
    ['thinking_budget_tokens'],
  ],
  [
    'a model that has no budgets',
    { ...budgeted, max_tokens: 1024, model: 'anthropic/claude-opus-4-7' },
    {},
    [],
  ],
  ['what the provider may refuse itself', { temperature: 2, verbosity: 'low' }, {}, []],
])('of what passes through to Claude refuses only what cannot be answered: %s', (_, more, body, params) => {
  const request = { model: models.anthropic, messages: [{ role: 'user' as const, content: 'hi' }], ...more };
  expect(refusePassed(request, { dialect: 'messages', body }).map(({ param }) => param)).toEqual(params);
});

it('leaves what passes through to OpenAI to it', () => {
  const request = {
    model: models.openai,
    messages: [{ role: 'user' as const, content: 'hi' }],
    max_tokens: 1,
  };
  expect(refusePassed({ ...request, ...budgeted }, { dialect: 'responses', body: {} })).toEqual([]);
});
