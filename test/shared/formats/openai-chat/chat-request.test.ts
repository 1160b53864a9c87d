import { describe, expect, expectTypeOf, it, test } from 'vitest';
import { z } from 'zod';
import type { ChatRequest } from '../../../../src/shared/chat/chat.ts';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';
import {
  chatCompletionsSchema,
  chatRequestSchema,
} from '../../../../src/shared/formats/openai-chat/chat-request.ts';

const minimal = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
const weather = { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } };
const png = 'data:image/png;base64,iVBORw0KGgo=';

const read = (more: object = {}) => chatRequestSchema.parse({ ...minimal, ...more });

function refused(more: object): [param: string, message: string][] {
  const result = chatRequestSchema.safeParse({ ...minimal, ...more });
  if (result.success) return [];
  return problemsOf(result.error).map(({ param, message }) => [param, message]);
}

const inMessages = (...messages: object[]) => ({ messages });

describe('a chat request', () => {
  it('is a ChatRequest when it passes', () => {
    expectTypeOf<z.output<typeof chatRequestSchema>>().toEqualTypeOf<ChatRequest>();
    expect(read()).toEqual(minimal);
  });

  it('keeps every field that says something, as it was given', () => {
    const full = {
      max_completion_tokens: 300,
      temperature: 0.2,
      top_p: 1,
      n: 2,
      stop: ['END'],
      seed: -7,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      logit_bias: { '50256': -100 },
      logprobs: true,
      top_logprobs: 3,
      reasoning_effort: 'low',
      verbosity: 'high',
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      parallel_tool_calls: false,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'answer',
          strict: true,
          schema: { type: 'object', properties: { a: { default: null } } },
        },
      },
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'p',
      metadata: { team: 'blue' },
    };
    expect(read(full)).toEqual({ ...minimal, ...full });
  });

  it('keeps prompts byte for byte, whatever they say', () => {
    const content = "<script>alert('x')</script> select * from users; \u202e\u0301 😀\r\n\t";
    expect(read(inMessages({ role: 'user', content })).messages[0]?.content).toBe(content);
  });

  it("keeps a provider's own blocks verbatim, nulls included", () => {
    const thinking = { type: 'thinking', thinking: 'hm', signature: 'abc' };
    const use = { type: 'tool_use', id: 't', name: 'f', input: { nothing: null, type: 'image', more: [{}] } };
    const extra_content = { anthropic: { content: [thinking, use] } };
    const message = { role: 'assistant', content: 'hi', extra_content };
    expect(read(inMessages(message)).messages[0]).toEqual(message);
  });

  test.each([
    ['system', { role: 'system', content: 'be brief' }],
    ['developer, in parts', { role: 'developer', content: [{ type: 'text', text: 'be brief' }] }],
    [
      'user, with an inline and a remote image',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is this?' },
          { type: 'image_url', image_url: { url: png, detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        ],
      },
    ],
    [
      'assistant, with tool calls only',
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
      },
    ],
    ['tool', { role: 'tool', tool_call_id: 'call_1', content: 'rain' }],
  ])('takes a message of %s', (_role, message) => {
    expect(read(inMessages(message)).messages).toEqual([message]);
  });

  it("takes an SDK's own answer back as history", () => {
    const answer = {
      role: 'assistant',
      content: 'hi',
      refusal: null,
      annotations: [],
      audio: null,
      function_call: null,
      tool_calls: null,
    };
    expect(read(inMessages(answer)).messages).toEqual([{ role: 'assistant', content: 'hi' }]);
  });
});

describe('values that say nothing', () => {
  const neutral = {
    stream: false,
    store: false,
    service_tier: 'auto',
    modalities: ['text'],
    n: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    logit_bias: {},
    logprobs: false,
    top_logprobs: 0,
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    response_format: { type: 'text' },
    stop: [],
    metadata: {},
  };

  test.each(Object.entries(neutral))('are dropped: %s %j', (field, value) => {
    expect(read({ [field]: value })).toEqual(minimal);
  });

  it('are dropped: null in any optional field, as if it were not there', () => {
    const fields = Object.keys(chatRequestSchema.in.shape).filter((field) => !(field in minimal));
    expect(fields.length).toBeGreaterThan(30);
    for (const field of fields) expect(read({ [field]: null })).toEqual(minimal);
  });

  it('keep meaning something where they do: tool_choice none with tools, and temperature 1', () => {
    const asked = { tools: [weather], tool_choice: 'none', temperature: 1 };
    expect(read(asked)).toEqual({ ...minimal, ...asked });
  });
});

describe('a request is refused by the path of the field', () => {
  test.each<[string, object, string, string]>([
    ['an unknown field', { temprature: 1 }, 'temprature', 'is not a known field'],
    ['no messages', inMessages(), 'messages', 'Too small'],
    ['an unknown role', inMessages({ role: 'robot', content: 'a' }), 'messages.0.role', 'role must be'],
    [
      'a file',
      inMessages({ role: 'user', content: [{ type: 'file', file: {} }] }),
      'messages.0.content.0.file.file_data',
      'is required',
    ],
    [
      'a file by its id',
      inMessages({ role: 'user', content: [{ type: 'file', file: { file_id: 'file_1' } }] }),
      'messages.0.content.0.file.file_data',
      'files by their id are not supported',
    ],
    [
      'a recording',
      inMessages({ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }),
      'messages.0.content.0.type',
      'audio is not supported',
    ],
    [
      'an image from the assistant',
      inMessages({ role: 'assistant', content: [{ type: 'image_url', image_url: { url: png } }] }),
      'messages.0.content.0.type',
      'must be a text part',
    ],
    [
      'an image that is no image',
      inMessages({
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }],
      }),
      'messages.0.content.0.image_url.url',
      'must be an http(s) URL or a base64 data: URL',
    ],
    [
      'content of a wrong type',
      inMessages({ role: 'user', content: 7 }),
      'messages.0.content',
      'expected string',
    ],
    ['a number written as text', { max_tokens: '300' }, 'max_tokens', 'expected number'],
    ['a fraction of a token', { max_tokens: 1.5 }, 'max_tokens', 'expected int'],
    ['no tokens', { max_tokens: 0 }, 'max_tokens', 'Too small'],
    ['temperature above 2', { temperature: 2.1 }, 'temperature', 'Too big'],
    ['top_p above 1', { top_p: 1.1 }, 'top_p', 'Too big'],
    ['n above 8', { n: 9 }, 'n', 'Too big'],
    ['a fifth stop', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop', 'Too big'],
    ['stream inside request', { stream: true }, 'stream', 'stream sits beside "request"'],
    ['stream options inside request', { stream_options: {} }, 'stream_options', 'sits beside'],
    ['another service tier', { service_tier: 'flex' }, 'service_tier', 'only auto and default'],
    ['audio out', { modalities: ['text', 'audio'] }, 'modalities', 'only ["text"]'],
    ['audio settings', { audio: { voice: 'alloy' } }, 'audio', 'audio is not supported'],
    ['web search', { web_search_options: {} }, 'web_search_options', 'provider-side tools'],
    ['moderation', { moderation: 'strict' }, 'moderation', 'not supported'],
    ['old functions', { functions: [] }, 'functions', 'use tools'],
    [
      'a provider-side tool',
      { tools: [{ type: 'web_search' }] },
      'tools.0.type',
      'tools that a provider runs itself',
    ],
    [
      'a tool name with a space',
      { tools: [{ type: 'function', function: { name: 'a b' } }] },
      'tools.0.function.name',
      '1 to 64',
    ],
    ['two tools of one name', { tools: [weather, weather] }, 'tools', 'same name'],
    ['a required tool without tools', { tool_choice: 'required' }, 'tool_choice', 'there are no tools'],
    [
      'the choice of a missing tool',
      { tools: [weather], tool_choice: { type: 'function', function: { name: 'time' } } },
      'tool_choice.function.name',
      'there is no tool time',
    ],
    ['top_logprobs without logprobs', { top_logprobs: 2 }, 'top_logprobs', 'needs logprobs'],
    ['two different maxima', { max_tokens: 1, max_completion_tokens: 2 }, 'max_completion_tokens', 'differs'],
    ['a bias for a word', { logit_bias: { hello: 1 } }, 'logit_bias.hello', 'is not a token id'],
    ['metadata that is too long', { metadata: { a: 'x'.repeat(513) } }, 'metadata.a', 'Too big'],
    [
      'a metadata key that is too long',
      { metadata: { ['k'.repeat(65)]: 'a' } },
      `metadata.${'k'.repeat(65)}`,
      '',
    ],
    [
      'a seventeenth pair of metadata',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, key) => [`k${key}`, 'v'])) },
      'metadata',
      'more than 16',
    ],
    [
      'an unknown kind of provider block',
      inMessages({ role: 'user', content: 'a', extra_content: { other: 1 } }),
      'messages.0.extra_content.other',
      'is not a known field',
    ],
  ])('%s', (_what, more, param, message) => {
    const problems = refused(more);
    expect(problems.map(([path]) => path)).toEqual([param]);
    expect(problems[0]?.[1]).toContain(message);
  });

  it('with all its problems together', () => {
    expect(
      refused({ temperature: 9, n: 0, colour: 'red' })
        .map(([param]) => param)
        .toSorted(),
    ).toEqual(['colour', 'n', 'temperature']);
  });
});

describe('the body of /v1/chat/completions', () => {
  it('is a request and how its answer is wanted', () => {
    const body = {
      ...minimal,
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
    };
    expect(chatCompletionsSchema.parse(body)).toEqual({ request: minimal, stream: true, includeUsage: true });
    expect(chatCompletionsSchema.parse(minimal)).toEqual({
      request: minimal,
      stream: false,
      includeUsage: false,
    });
  });

  it('is as strict as a native request', () => {
    const result = chatCompletionsSchema.safeParse({
      ...minimal,
      stream: 'yes',
      store: 'yes',
      colour: 'red',
    });
    const params = result.success ? [] : problemsOf(result.error).map(({ param }) => param);
    expect(params.toSorted()).toEqual(['colour', 'store', 'stream']);
  });
});

describe('the documentation', () => {
  test.each([
    ['native', chatRequestSchema],
    ['OpenAI', chatCompletionsSchema],
  ])('can show the %s shape as a JSON schema', (_name, shape) => {
    const schema = z.toJSONSchema(shape, { io: 'input' });
    expect(schema.required).toEqual(['model', 'messages']);
    expect(schema.additionalProperties).toBe(false);
  });
});
