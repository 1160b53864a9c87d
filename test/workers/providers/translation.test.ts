import { describe, expect, it } from 'vitest';
import type { ChatRequest, Message } from '../../../src/shared/chat/chat.ts';
import {
  fromAnthropicMessage,
  readAnthropicUsage,
} from '../../../src/workers/providers/anthropic-completion.ts';
import { toAnthropicRequest } from '../../../src/workers/providers/anthropic-request.ts';
import { cleanMessage, failureMessage } from '../../../src/workers/providers/failure-message.ts';
import { readGoogleUsage, toOpenaiLogprobs } from '../../../src/workers/providers/google-completion.ts';
import { toGoogleRequest } from '../../../src/workers/providers/google-request.ts';
import { createGoogleAssembler } from '../../../src/workers/providers/google-stream.ts';
import { fromOpenaiCompletion } from '../../../src/workers/providers/openai-completion.ts';
import { compatibleDialect, openaiDialect } from '../../../src/workers/providers/openai-dialect.ts';
import { toOpenaiRequest } from '../../../src/workers/providers/openai-request.ts';
import { createOpenaiAssembler } from '../../../src/workers/providers/openai-stream.ts';
import { readOpenaiUsage } from '../../../src/workers/providers/openai-usage.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { readLimits } from '../../../src/workers/providers/rate-limits.ts';
import { readRetryAfter } from '../../../src/workers/providers/retry-after.ts';

function callOf(model: string, request: Partial<ChatRequest>, stream = false): ProviderCall {
  return {
    attemptId: 'att_1',
    model,
    request: { model: `p/${model}`, messages: [{ role: 'user', content: 'hi' }], ...request },
    maxOutputTokens: 4000,
    stream,
    reasons: false,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  };
}

const turn: Message[] = [
  { role: 'system', content: 'S' },
  { role: 'user', content: 'U' },
  {
    role: 'assistant',
    content: '',
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
    ],
  },
  { role: 'tool', tool_call_id: 'a', content: '{"y":2}' },
  { role: 'tool', tool_call_id: 'b', content: 'plain' },
  { role: 'user', content: 'and?' },
];

describe('towards OpenAI', () => {
  it('sends the bound in the one field each dialect wants', () => {
    const call = callOf('gpt-5-mini', {
      max_tokens: 9,
      max_completion_tokens: 8,
      temperature: 0.3,
      metadata: { a: 'b' },
    });
    expect(toOpenaiRequest(call, openaiDialect)).toEqual({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'hi' }],
      temperature: 0.3,
      max_completion_tokens: 4000,
    });
    expect(toOpenaiRequest(call, compatibleDialect())).toMatchObject({ max_tokens: 4000 });
  });

  it('asks for usage in every stream, and leaves tool settings without tools out', () => {
    const body = toOpenaiRequest(
      callOf('m', { tools: [], tool_choice: 'auto', parallel_tool_calls: true }, true),
      compatibleDialect(),
    );
    expect(body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(Object.keys(body)).not.toContain('tool_choice');
  });

  it('puts its own state back and drops that of others', () => {
    const messages: Message[] = [
      {
        role: 'assistant',
        content: 'x',
        extra_content: {
          openai: { reasoning_content: 'r' },
          google: { thought_signature: 's' },
          anthropic: { cache_control: { type: 'ephemeral' } },
        },
      },
    ];
    const body = toOpenaiRequest(callOf('m', { messages }), compatibleDialect());
    expect(body.messages).toEqual([{ role: 'assistant', content: 'x', reasoning_content: 'r' }]);
  });
});

describe('our own fields', () => {
  /** As a process that knew no list may have stored it. */
  const messages = [
    {
      role: 'user',
      content: [{ type: 'text', text: 'x', extra_content: { openai: { type: 'image_url', image_url: {} } } }],
      extra_content: { openai: { content: [], role: 'system' }, anthropic: { content: [] } },
    },
  ] as unknown as Message[];
  const tools = [
    {
      type: 'function',
      function: { name: 'f' },
      extra_content: {
        openai: { type: 'web_search' },
        anthropic: { type: 'web_search_20250305', max_uses: 5, cache_control: { type: 'ephemeral' } },
      },
    },
  ] as unknown as ChatRequest['tools'] & object;

  it('are what is sent, whatever stands in extra_content', () => {
    const body = toOpenaiRequest(callOf('m', { messages, tools }), compatibleDialect());
    expect(body.messages).toEqual([{ role: 'user', content: 'x' }]);
    expect(body.tools).toEqual([{ type: 'function', function: { name: 'f' } }]);
    const message = toAnthropicRequest(callOf('claude-haiku-4-5', { messages, tools }));
    expect(message.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'x' }] }]);
    expect(message.tools).toEqual([
      { name: 'f', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
    ]);
  });
});

describe('towards Anthropic', () => {
  it('groups parallel results with the turn that follows', () => {
    const body = toAnthropicRequest(callOf('claude-haiku-4-5', { messages: turn }));
    expect(body.system).toEqual([{ type: 'text', text: 'S' }]);
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'U' }] },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
          { type: 'tool_use', id: 'b', name: 'g', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '{"y":2}' }] },
          { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'plain' }] },
          { type: 'text', text: 'and?' },
        ],
      },
    ]);
  });

  it('keeps a budget below the bound, or thinks adaptively', () => {
    const effort = { reasoning_effort: 'high' as const };
    expect(toAnthropicRequest(callOf('claude-haiku-4-5', effort)).thinking).toEqual({
      type: 'enabled',
      budget_tokens: 3000,
    });
    const tight = { ...callOf('claude-haiku-4-5', effort), maxOutputTokens: 1024 };
    expect(toAnthropicRequest(tight).thinking).toBeUndefined();
    const newer = toAnthropicRequest(callOf('claude-opus-5', effort));
    expect(newer).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } });
  });

  it('says whether thinking is to be shown, to Claude and nobody else', () => {
    const request = { reasoning_effort: 'high', thinking_display: 'omitted' } as const;
    for (const model of ['claude-haiku-4-5', 'claude-opus-5']) {
      expect(toAnthropicRequest(callOf(model, request)).thinking).toMatchObject({ display: 'omitted' });
    }
    const others = [
      toOpenaiRequest(callOf('gpt-5-mini', request), openaiDialect),
      toGoogleRequest(callOf('gemini-2.5-flash', request)),
    ];
    expect(JSON.stringify(others)).not.toContain('display');
  });

  it('gives a thinking turn its own blocks back, verbatim and in order', () => {
    const content = [
      { type: 'thinking', thinking: 'a', signature: 's1' },
      { type: 'text', text: 'so' },
      { type: 'thinking', thinking: 'b', signature: 's2' },
      { type: 'tool_use', id: 't', name: 'f', input: { x: 1 } },
    ];
    const answer = fromAnthropicMessage({ id: 'm', content, stop_reason: 'tool_use' }, 'anthropic/c');
    const message = answer?.completion.choices[0]?.message as Message;
    const messages: Message[] = [{ role: 'user', content: 'q' }, message];
    expect(toAnthropicRequest(callOf('c', { messages })).messages[1]?.content).toEqual(content);
    const edited: Message[] = [{ role: 'user', content: 'q' }, { ...message, content: 'other' } as Message];
    expect(toAnthropicRequest(callOf('c', { messages: edited })).messages[1]?.content).toEqual([
      content[0],
      content[2],
      { type: 'text', text: 'other' },
      content[3],
    ]);
  });

  it('carries cache marks', () => {
    const mark = { anthropic: { cache_control: { type: 'ephemeral' } } };
    const messages: Message[] = [
      { role: 'user', content: [{ type: 'text', text: 'x', extra_content: mark }] },
    ];
    expect(toAnthropicRequest(callOf('c', { messages })).messages[0]?.content).toEqual([
      { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } },
    ]);
  });
});

describe('towards Gemini', () => {
  it('names the function a result belongs to and leaves its text alone', () => {
    const { contents, config } = toGoogleRequest(callOf('gemini-2.5-flash', { messages: turn }));
    expect(config?.systemInstruction).toEqual({ parts: [{ text: 'S' }] });
    expect(config).toMatchObject({
      automaticContinuation: false,
      automaticFunctionCalling: { disable: true },
    });
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: 'U' }] },
      {
        role: 'model',
        parts: [
          { functionCall: { id: 'a', name: 'f', args: { x: 1 } } },
          { functionCall: { id: 'b', name: 'g', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'f', response: { output: '{"y":2}' } } },
          { functionResponse: { id: 'b', name: 'g', response: { output: 'plain' } } },
          { text: 'and?' },
        ],
      },
    ]);
  });

  it('thinks by budget or by level', () => {
    const config = (model: string, effort: 'none' | 'medium') =>
      toGoogleRequest(callOf(model, { reasoning_effort: effort })).config?.thinkingConfig;
    expect(config('gemini-2.5-flash', 'medium')).toMatchObject({ thinkingBudget: 3000 });
    expect(config('gemini-2.5-flash', 'none')).toEqual({ thinkingBudget: 0 });
    expect(config('gemini-3-pro-preview', 'medium')).toMatchObject({ thinkingLevel: 'MEDIUM' });
  });

  it('puts signatures back where they were', () => {
    const messages: Message[] = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a', extra_content: { google: { thought_signature: 's' } } },
    ];
    const { contents } = toGoogleRequest(callOf('g', { messages }));
    expect(contents).toMatchObject([{}, { parts: [{ text: 'a', thoughtSignature: 's' }] }]);
  });
});

describe('usage', () => {
  it('is normalised', () => {
    const expected = {
      promptTokens: 100,
      completionTokens: 20,
      cachedTokens: 60,
      cacheWriteTokens: 0,
      reasoningTokens: 5,
    };
    expect(
      readOpenaiUsage({
        prompt_tokens: 100,
        completion_tokens: 20,
        prompt_tokens_details: { cached_tokens: 60 },
        completion_tokens_details: { reasoning_tokens: 5 },
      }),
    ).toEqual(expected);
    expect(
      readAnthropicUsage({
        input_tokens: 40,
        cache_read_input_tokens: 60,
        cache_creation_input_tokens: null,
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 5 },
      }),
    ).toEqual(expected);
    expect(
      readGoogleUsage(
        {
          promptTokenCount: 100,
          cachedContentTokenCount: 60,
          candidatesTokenCount: 15,
          thoughtsTokenCount: 5,
        },
        true,
      ),
    ).toEqual(expected);
  });

  it.each([null, undefined, '7', -1, 1.5, Number.NaN, 1e308, 2 ** 53 + 2, true, {}, []])(
    '%j is none',
    (bad) => {
      // Servers with OpenAI's wire write numbers as text, too.
      const openaiCount = bad === '7' ? 'seven' : bad;
      expect(readOpenaiUsage({ prompt_tokens: 1, completion_tokens: openaiCount })).toBeNull();
      expect(readOpenaiUsage({ prompt_tokens: openaiCount, completion_tokens: 1 })).toBeNull();
      expect(readAnthropicUsage({ input_tokens: 1, output_tokens: bad })).toBeNull();
      expect(readAnthropicUsage({ input_tokens: bad, output_tokens: 1 })).toBeNull();
      expect(readGoogleUsage({ promptTokenCount: bad, candidatesTokenCount: 1 }, true)).toBeNull();
      if (bad !== null && bad !== undefined) {
        expect(readGoogleUsage({ promptTokenCount: 1, candidatesTokenCount: bad }, true)).toBeNull();
      }
      expect(readOpenaiUsage(bad)).toBeNull();
    },
  );
});

describe('answers', () => {
  it('are none without choices or without a finish reason', () => {
    for (const body of [null, 'x', {}, { choices: [] }, { choices: null }, { choices: [{}] }]) {
      expect(() => fromOpenaiCompletion(body, 'm')).toThrow(/without a (choice|message)/);
    }
    for (const body of [null, [], { content: [] }, { content: [], stop_reason: null }]) {
      expect(fromAnthropicMessage(body, 'm')).toBeNull();
    }
  });

  it('turn a blocked prompt into a content filter', () => {
    const assembler = createGoogleAssembler(callOf('g', {}));
    assembler.add({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 7 } });
    expect(assembler.completed(true)).toMatchObject({
      completion: { choices: [{ finish_reason: 'content_filter', message: { content: '' } }] },
      usage: { promptTokens: 7, completionTokens: 0 },
    });
  });

  it('have the usage chunk that comes after the finish reason', () => {
    const assembler = createOpenaiAssembler(callOf('g', {}, true));
    assembler.add({ id: 'x', choices: [{ index: 0, delta: { content: 'a', reasoning_content: 'hm' } }] });
    expect(assembler.completed(true)).toBeNull();
    assembler.add({ choices: [{ index: 0, delta: {}, finish_reason: 'eos' }] });
    assembler.add({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });
    expect(assembler.completed(true)).toMatchObject({
      completion: {
        choices: [{ finish_reason: 'stop', message: { content: 'a', reasoning_content: 'hm' } }],
      },
      usage: { promptTokens: 1, completionTokens: 2 },
    });
    expect(assembler.produced().text).toBe('hma');
  });

  it('have log probabilities in OpenAI’s shape', () => {
    const result = {
      chosenCandidates: [{ token: 'é', logProbability: -0.5 }],
      topCandidates: [{ candidates: [{ token: 'e', logProbability: -1 }] }],
    };
    expect(toOpenaiLogprobs(result)).toEqual([
      {
        token: 'é',
        logprob: -0.5,
        bytes: [195, 169],
        top_logprobs: [{ token: 'e', logprob: -1, bytes: [101] }],
      },
    ]);
  });
});

describe('headers', () => {
  const inFuture = new Date(Date.now() + 90_000).toUTCString();
  it.each([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '-1' }, null],
    [{ 'retry-after': 'NaN' }, null],
    [{ 'retry-after': '1e9' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '3600' }, 3_600_000],
    [{ 'retry-after': '99999' }, 86_400_000],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    [{}, null],
  ])('%j waits %s', (headers, expected) => {
    expect(readRetryAfter(new Headers(headers as Record<string, string>), null)).toBe(expected);
  });

  it('reads a date ahead and Gemini’s RetryInfo', () => {
    const wait = readRetryAfter(new Headers({ 'retry-after': inFuture }), null) ?? 0;
    expect(wait).toBeGreaterThan(80_000);
    expect(wait).toBeLessThanOrEqual(90_000);
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.5s' }];
    expect(readRetryAfter(null, { error: { details } })).toBe(12_500);
  });

  it('reads limits, and until when one is used up that has nothing left', () => {
    const headers = {
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '20s',
    };
    const limits = readLimits(new Headers(headers));
    expect(limits).toMatchObject({ requestsLeft: 9, tokensLeft: 0 });
    const waitMs = (limits?.usedUpUntilMs ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(15_000);
    expect(waitMs).toBeLessThanOrEqual(20_000);
    expect(readLimits(new Headers({ ...headers, 'x-ratelimit-remaining-tokens': '1' }))?.usedUpUntilMs).toBe(
      null,
    );
    expect(readLimits(new Headers())).toBeNull();
  });
});

it('removes keys from what a provider says, and cuts it', () => {
  const body = JSON.stringify({
    error: {
      message:
        'Incorrect API key provided: sk-proj-****abcd and AIzaSyA1234567890 or Bearer abc.def-123, mykey1',
    },
  });
  const message = failureMessage(body, 'mykey1');
  expect(message).not.toMatch(/abcd|AIza|abc\.def|mykey1/);
  expect(cleanMessage(`${'x'.repeat(999)}😀`, null)).toHaveLength(999);
  expect(cleanMessage('a\u0000b', null)).toBe('a\uFFFDb');
});
