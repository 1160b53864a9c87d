import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { fromResponse } from '../../../src/workers/providers/openai-responses-answer.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { ReportedError } from '../../../src/workers/providers/reported-error.ts';

const callOf = (request: Partial<ChatRequest> = {}) =>
  ({
    request: { model: 'openai/gpt-5.4', messages: [], ...request },
  }) as unknown as ProviderCall;

type Items = Record<string, unknown>[];
const responseOf = (output: Items, more: Record<string, unknown> = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1_700_000_000,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'gpt-5.4-2026-03-05',
  output,
  ...more,
});
const choiceOf = (output: Items, more: Record<string, unknown> = {}) =>
  fromResponse(responseOf(output, more), callOf())?.completion.choices[0];

const message = (text: string, more = {}) => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  ...more,
});
const called = (id: string, more = {}) => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: id,
  name: 'f',
  arguments: '{}',
  status: 'completed',
  ...more,
});
const custom = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c', name: 'patch', input: 'a "b"\n' };
const thought = (id: string, texts: string[], encrypted_content: string | null = `e-${id}`) => ({
  type: 'reasoning',
  id,
  summary: texts.map((text) => ({ type: 'summary_text', text })),
  encrypted_content,
  status: 'completed',
});
const kept = (id: string, texts: string[], more = {}) => ({
  type: 'reasoning',
  id,
  summary: texts.map((text) => ({ type: 'summary_text', text })),
  encrypted_content: `e-${id}`,
  ...more,
});
const call = (id: string, name = 'f', text = '{}') => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

it('is the completion it stands for, with what it cost', () => {
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 40, cache_write_tokens: 10 },
    output_tokens: 30,
    output_tokens_details: { reasoning_tokens: 20 },
    total_tokens: 130,
  };
  expect(fromResponse(responseOf([message('A')], { usage, service_tier: 'default' }), callOf())).toEqual({
    completion: {
      id: 'resp_1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'openai/gpt-5.4',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'A', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 30,
        total_tokens: 130,
        prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 10 },
        completion_tokens_details: { reasoning_tokens: 20 },
      },
    },
    usage: {
      promptTokens: 100,
      completionTokens: 30,
      cachedTokens: 40,
      cacheWriteTokens: 10,
      reasoningTokens: 20,
    },
    serviceTier: 'default',
  });
});

describe('the message', () => {
  it.each<[what: string, output: Items, expected: Record<string, unknown>]>([
    [
      'a refusal',
      [message('', { content: [{ type: 'refusal', refusal: 'No.' }] })],
      { content: null, refusal: 'No.' },
    ],
    [
      'parts of one message, and two messages apart',
      [
        message('', {
          content: [
            { type: 'output_text', text: 'a' },
            { type: 'output_text', text: 'b' },
          ],
        }),
        message('c'),
      ],
      { content: 'ab\n\nc' },
    ],
    ['an empty answer in words', [message('')], { content: '' }],
    ['calls of functions', [called('a'), called('b')], { content: null, tool_calls: [call('a'), call('b')] }],
    [
      'a call of a custom tool',
      [custom],
      { tool_calls: [{ ...call('c', 'patch', '{"input":"a \\"b\\"\\n"}'), custom: true }] },
    ],
    [
      'arguments that came as the object itself',
      [called('a', { arguments: { x: 1 } })],
      { tool_calls: [call('a', 'f', '{"x":1}')] },
    ],
    [
      'a text after a call',
      [called('a'), message('T'), called('b')],
      { content: 'T', tool_calls: [call('a'), call('b')], calls_before_text: 1 },
    ],
    [
      'a tool of OpenAI beside the answer',
      [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }, message('A')],
      { content: 'A' },
    ],
    [
      'reasoning, shown and kept',
      [thought('rs_1', ['x', 'y']), message('A')],
      {
        content: 'A',
        reasoning_content: 'x\n\ny',
        extra_content: { openai: { reasoning_items: [kept('rs_1', ['x', 'y'])] } },
      },
    ],
    [
      'reasoning between calls',
      [thought('rs_1', []), called('a'), thought('rs_2', ['z']), called('b')],
      {
        reasoning_content: 'z',
        extra_content: {
          openai: {
            reasoning_items: [kept('rs_1', [], { before: 'a' }), kept('rs_2', ['z'], { before: 'b' })],
          },
        },
      },
    ],
    ['reasoning that nobody can give back', [thought('rs_1', ['x'], null), message('A')], { content: 'A' }],
    [
      'reasoning that a model gives away',
      [
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [],
          content: [{ type: 'reasoning_text', text: 'open' }],
        },
        message('A'),
      ],
      { reasoning_content: 'open' },
    ],
    [
      'what a message was meant as',
      [message('A', { phase: 'final_answer' })],
      { extra_content: { openai: { phase: 'final_answer' } } },
    ],
  ])('is read from %s', (_what, output, expected) => {
    expect(choiceOf(output)?.message).toMatchObject(expected);
  });

  it('holds nothing that only one of two messages was meant as', () => {
    const output = [message('A', { phase: 'commentary' }), message('B', { phase: 'final_answer' })];
    expect(choiceOf(output)?.message).not.toHaveProperty('extra_content');
  });

  it('shows no reasoning to who asked for none, and keeps it for OpenAI', () => {
    const body = responseOf([thought('rs_1', ['x']), message('A')]);
    const choice = fromResponse(body, callOf({ hide_reasoning: true }))?.completion.choices[0];
    expect(choice?.message).not.toHaveProperty('reasoning_content');
    expect(choice?.message).toHaveProperty('extra_content.openai.reasoning_items');
  });

  it('has its log probabilities', () => {
    const logprob = { token: 'A', bytes: [65], logprob: -0.1, top_logprobs: [] };
    const content = [{ type: 'output_text', text: 'A', annotations: [], logprobs: [logprob] }];
    expect(choiceOf([message('', { content })])?.logprobs).toEqual({ content: [logprob], refusal: null });
  });
});

describe('the finish reason', () => {
  const cut = (reason?: string) => ({
    status: 'incomplete',
    incomplete_details: reason === undefined ? null : { reason },
  });
  it.each<[reason: string, output: Items, more: Record<string, unknown>]>([
    ['stop', [message('A')], {}],
    ['tool_calls', [called('a')], {}],
    ['tool_calls', [message('A'), custom], {}],
    ['length', [message('A')], cut('max_output_tokens')],
    ['length', [thought('rs_1', [])], cut('max_output_tokens')],
    ['length', [called('a', { arguments: '{"x":', status: 'incomplete' })], cut('max_output_tokens')],
    ['length', [message('A')], cut()],
    ['content_filter', [message('A')], cut('content_filter')],
  ])('is %s for %j, %j', (reason, output, more) => {
    expect(choiceOf(output, more)?.finish_reason).toBe(reason);
  });
});

describe('no answer', () => {
  it.each<[what: string, body: unknown]>([
    ['a response that still runs', responseOf([], { status: 'in_progress' })],
    ['one that waits', responseOf([], { status: 'queued' })],
    ['one without anything in it', responseOf([])],
    ['one that only thought', responseOf([thought('rs_1', ['x'])])],
    ['one that only searched', responseOf([{ type: 'web_search_call', id: 'ws_1' }])],
    ['a completion of the other API', { object: 'chat.completion', choices: [] }],
    ['a page', '<html></html>'],
    ['nothing', null],
  ])('is made of %s', (_what, body) => {
    expect(fromResponse(body, callOf())).toBeNull();
  });

  it.each<[what: string, body: unknown, message: string]>([
    [
      'that failed',
      responseOf([], { status: 'failed', error: { code: 'server_error', message: 'It broke.' } }),
      'It broke.',
    ],
    ['that failed without a word', responseOf([], { status: 'failed' }), 'failed without a reason'],
    ['that was cancelled', responseOf([], { status: 'cancelled' }), 'cancelled without a reason'],
    [
      'that is an error alone',
      { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } },
      'Slow down.',
    ],
  ])('comes of a response %s: its error is thrown', (_what, body, message) => {
    expect(() => fromResponse(body, callOf())).toThrow(ReportedError);
    expect(() => fromResponse(body, callOf())).toThrow(message);
  });

  it('is made of a call that cannot be answered', () => {
    expect(() => choiceOf([{ type: 'function_call', arguments: '{}' }])).toThrow('without id or name');
  });
});
