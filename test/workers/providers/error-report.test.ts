import { describe, expect, it, test } from 'vitest';
import type { ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { Failure } from '../../../src/shared/chat/call-result.ts';
import { askProvider, chunks, completion, toFrames } from './reply-with.ts';
import { failed } from './setup.ts';

const limited = 'Rate limit exceeded: free-models-per-min';
const tooLong = "This model's maximum context length is 4096 tokens. However, you requested 5000.";

/** An error body with status 200 → what it is. */
const bodies: [string, unknown, Partial<Failure>][] = [
  [
    'OpenRouter',
    { error: { code: 429, message: limited } },
    { reason: 'throttled', status: 429, message: limited },
  ],
  ['a code as text', { error: { code: '429', message: limited } }, { reason: 'throttled', status: 429 }],
  ['words only', { error: limited }, { reason: 'throttled', status: 200, message: limited }],
  [
    'a list',
    [{ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: limited } }],
    { reason: 'throttled' },
  ],
  ['beside no choices', { error: { message: 'boom' }, choices: null }, { reason: 'failed', message: 'boom' }],
  [
    'within a choice',
    { choices: [{ index: 0, error: { code: 502, message: 'boom' } }] },
    { reason: 'failed', status: 502 },
  ],
  ['overloaded', { error: { type: 'overloaded_error', message: 'Overloaded' } }, { reason: 'throttled' }],
  ['a key', { error: { code: 401, message: 'No auth' } }, { reason: 'auth', status: 401 }],
  [
    'a key, by its code',
    { error: { code: 'invalid_api_key', message: 'bad' } },
    { reason: 'auth', code: 'invalid_api_key' },
  ],
  [
    'no credit',
    { error: { code: 402, message: 'Insufficient credits' } },
    { reason: 'exhausted', status: 402 },
  ],
  [
    'no quota',
    { error: { code: 'insufficient_quota', message: 'x' } },
    { reason: 'exhausted', code: 'insufficient_quota' },
  ],
  ['a bad request', { error: { type: 'invalid_request_error', message: 'x' } }, { reason: 'rejected' }],
  [
    'too long, by its code',
    { error: { code: 'context_length_exceeded', message: 'x' } },
    { reason: 'rejected', code: 'context_length_exceeded' },
  ],
  [
    'too long, in words',
    { error: { code: 400, message: tooLong } },
    { reason: 'rejected', code: 'context_length_exceeded' },
  ],
  [
    'vLLM',
    { object: 'error', message: tooLong, type: 'BadRequestError', code: 400 },
    { reason: 'rejected', message: tooLong },
  ],
  [
    'MiniMax',
    { base_resp: { status_code: 1002, status_msg: 'rate limit' }, choices: null },
    { reason: 'throttled', message: 'rate limit' },
  ],
  [
    'Cloudflare',
    { success: false, errors: [{ code: 7000, message: 'No route' }] },
    { reason: 'failed', message: 'No route' },
  ],
  ['a message beside a code', { code: 500, msg: 'boom' }, { reason: 'failed', status: 500, message: 'boom' }],
  [
    'Anthropic',
    { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
    { reason: 'throttled' },
  ],
];

describe('an error with status 200 is the failure that it is', () => {
  test.each(bodies)('%s', async (_who, body, expected) => {
    const json = JSON.stringify(body);
    const replies = [
      await askProvider('compatible', { body: json }),
      await askProvider('compatible', { body: json, type: 'application/json' }, {}, true),
      await askProvider('compatible', { body: `data: ${json}\n\ndata: [DONE]\n\n` }, {}, true),
    ];
    for (const { answer } of replies) {
      const { failure, produced } = failed(answer);
      expect(failure).toMatchObject(expected);
      expect(produced).toEqual({ text: '', usage: null });
    }
  });

  it.each<ProviderKind>(['openai', 'anthropic', 'google'])('of %s too', async (kind) => {
    const body = JSON.stringify({ error: { code: 429, message: limited, type: 'rate_limit_error' } });
    const { answer } = await askProvider(kind, { body });
    expect(failed(answer).failure).toMatchObject({ reason: 'throttled', message: limited });
  });

  it('after some of the answer is no refusal: the provider has worked', async () => {
    const part = { choices: [{ index: 0, delta: { content: 'par' } }] };
    const event = { error: { code: 429, message: limited }, choices: [{ index: 0, delta: { content: '' } }] };
    const { answer } = await askProvider('compatible', toFrames([part, event]), {}, true);
    const { failure, produced } = failed(answer);
    expect(failure).toMatchObject({ reason: 'failed', status: 429, message: limited });
    expect(produced.text).toBe('par');
  });

  it('is none where nothing is in it', async () => {
    for (const error of [null, '', {}, false]) {
      const { answer } = await askProvider('compatible', completion({ content: 'x' }, 'stop', { error }));
      expect(answer.kind).toBe('completed');
    }
    const { answer } = await askProvider(
      'compatible',
      chunks([{ content: '{"error": "the word"}' }]),
      {},
      true,
    );
    expect(answer.kind).toBe('completed');
  });

  it('is a page of HTML: nobody knows who answered', async () => {
    const page = { body: '<html>Log in</html>', type: 'text/html' };
    for (const stream of [false, true]) {
      const { answer } = await askProvider('compatible', page, {}, stream);
      expect(failed(answer).failure).toMatchObject({ reason: 'cut', status: 200 });
    }
  });
});

describe('an error status keeps the provider’s own code', () => {
  test.each<[string, number, unknown, Partial<Failure>]>([
    [
      'OpenAI',
      400,
      { error: { message: tooLong, code: 'context_length_exceeded' } },
      { code: 'context_length_exceeded' },
    ],
    [
      'OpenAI',
      404,
      { error: { message: 'x', type: 'invalid_request_error', code: 'model_not_found' } },
      { code: 'model_not_found' },
    ],
    [
      'vLLM',
      400,
      { object: 'error', message: tooLong, type: 'BadRequestError', code: 400 },
      { code: 'context_length_exceeded' },
    ],
    [
      'Anthropic',
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' },
      },
      { code: 'context_length_exceeded' },
    ],
    [
      'Gemini',
      400,
      {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).',
        },
      },
      { code: 'context_length_exceeded' },
    ],
    [
      'Gemini in a list',
      400,
      [{ error: { code: 400, status: 'INVALID_ARGUMENT', message: 'no' } }],
      { message: 'no', code: 'INVALID_ARGUMENT' },
    ],
    [
      'llama.cpp',
      400,
      { error: { code: 400, type: 'exceed_context_size_error', message: 'x' } },
      { code: 'context_length_exceeded' },
    ],
    [
      'FastAPI',
      422,
      { detail: [{ loc: ['body'], msg: 'field required' }] },
      { message: 'field required', code: null },
    ],
    ['nothing', 400, {}, { code: null }],
  ])('%s, %i', async (_who, status, body, expected) => {
    const { answer } = await askProvider('compatible', { body: JSON.stringify(body), status });
    expect(failed(answer).failure).toMatchObject({ reason: 'rejected', status, ...expected });
  });
});
