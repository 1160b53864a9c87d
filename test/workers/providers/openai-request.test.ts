import { describe, expect, it, test } from 'vitest';
import type { Quirks } from '../../../src/shared/catalogue/quirks.ts';
import type { ChatRequest, Message } from '../../../src/shared/chat/chat.ts';
import {
  compatibleDialect,
  type OpenaiDialect,
  openaiDialect,
} from '../../../src/workers/providers/openai-dialect.ts';
import { toOpenaiRequest } from '../../../src/workers/providers/openai-request.ts';
import { startRecordingUpstream } from '../../support/recording-upstream.ts';
import { connect } from './setup.ts';

function bodyOf(request: Partial<ChatRequest>, dialect: OpenaiDialect = compatibleDialect(), stream = false) {
  const body = toOpenaiRequest(
    {
      attemptId: 'att_1',
      model: 'm',
      request: { model: 'p/m', messages: [{ role: 'user', content: 'hi' }], ...request },
      maxOutputTokens: 100,
      stream,
      reasons: false,
      signal: new AbortController().signal,
      onDelta: () => undefined,
    },
    dialect,
  );
  return body as unknown as Record<string, unknown> & { messages: Record<string, unknown>[] };
}

const messagesOf = (messages: Message[], dialect?: OpenaiDialect) => bodyOf({ messages }, dialect).messages;
const look = { type: 'function' as const, function: { name: 'look' } };
const called = (id: string): Message => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'look', arguments: '{}' } }],
});
const picture = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AA==' } };
const paper = {
  type: 'file' as const,
  file: { file_data: 'data:application/pdf;base64,AA==', filename: 'a.pdf' },
};

describe('a server that copies OpenAI’s wire gets the plain subset that all have', () => {
  const hints = {
    user: 'u',
    safety_identifier: 's',
    prompt_cache_key: 'k',
    verbosity: 'low',
    metadata: { a: 'b' },
    thinking_budget_tokens: 9,
    thinking_display: 'omitted',
    reasoning_summary: 'auto',
    hide_reasoning: true,
  } as const;

  it('of fields', () => {
    expect(
      Object.keys(bodyOf({ ...hints, temperature: 1, reasoning_effort: 'low', top_k: 3 })).sort(),
    ).toEqual(['max_tokens', 'messages', 'model', 'reasoning_effort', 'temperature', 'top_k', 'user']);
  });

  it('of roles', () => {
    const messages: Message[] = [
      { role: 'developer', content: 'S' },
      { role: 'user', content: 'U' },
    ];
    expect(messagesOf(messages).map(({ role }) => role)).toEqual(['system', 'user']);
    expect(messagesOf(messages, openaiDialect).map(({ role }) => role)).toEqual(['developer', 'user']);
  });

  it('of contents: texts are one text, and a refusal is what was said', () => {
    const messages: Message[] = [
      {
        role: 'system',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'c' }, picture] },
      { role: 'assistant', content: null, refusal: 'no' },
    ];
    expect(messagesOf(messages)).toEqual([
      { role: 'system', content: 'a\nb' },
      { role: 'user', content: [{ type: 'text', text: 'c' }, picture] },
      { role: 'assistant', content: 'no' },
    ]);
    expect(messagesOf(messages, openaiDialect)[2]).toEqual({
      role: 'assistant',
      content: null,
      refusal: 'no',
    });
  });

  it('of tool settings', () => {
    expect(bodyOf({ tools: [look], parallel_tool_calls: true })).not.toHaveProperty('parallel_tool_calls');
    expect(bodyOf({ tools: [look], parallel_tool_calls: false })).toMatchObject({
      parallel_tool_calls: false,
    });
    const strict = { type: 'function' as const, function: { name: 'look', strict: null } };
    expect(bodyOf({ tools: [strict] })['tools']).toEqual([look]);
  });
});

describe('a quirk says what a server takes', () => {
  const turns: Message[] = [
    { role: 'developer', content: [{ type: 'text', text: 'S' }] },
    { role: 'assistant', content: 'x', reasoning_content: 'hm' },
  ];
  const tools = [{ type: 'function' as const, function: { name: 'look', strict: true } }];
  test.each<[Quirks, Partial<ChatRequest>, object]>([
    [{ max_completion_tokens: true }, {}, { max_completion_tokens: 100 }],
    [{ developer_role: true }, { messages: turns }, { messages: [{ role: 'developer' }, {}] }],
    [
      { content_parts: true },
      { messages: turns },
      { messages: [{ content: [{ type: 'text', text: 'S' }] }, {}] },
    ],
    [{ hints: ['prompt_cache_key'] }, { prompt_cache_key: 'k' }, { prompt_cache_key: 'k' }],
    [{ strict_tools: false }, { tools }, { tools: [look] }],
  ])('%j', (quirks, request, expected) => {
    expect(bodyOf(request, compatibleDialect(quirks))).toMatchObject(expected);
  });

  test.each<[Quirks, Partial<ChatRequest>, string]>([
    [{ stream_options: false }, {}, 'stream_options'],
    [{ hints: [] }, { user: 'u' }, '"user":'],
    [{ parallel_tool_calls: false }, { tools, parallel_tool_calls: false }, 'parallel_tool_calls'],
    [{ reasoning_content: false }, { messages: turns }, 'reasoning_content'],
    [{ max_completion_tokens: true }, {}, '"max_tokens"'],
  ])('%j leaves it out', (quirks, request, name) => {
    expect(JSON.stringify(bodyOf(request, compatibleDialect(), true))).toContain(name);
    expect(JSON.stringify(bodyOf(request, compatibleDialect(quirks), true))).not.toContain(name);
  });

  it('makes ids of tool calls fit, the same for a call and its result', () => {
    const messages: Message[] = [
      called('functions.look:0'),
      { role: 'tool', tool_call_id: 'functions.look:0', content: 'x' },
    ];
    const [call, result] = messagesOf(messages, compatibleDialect({ tool_call_id_length: 9 }));
    expect(call).toMatchObject({ tool_calls: [{ id: expect.stringMatching(/^[a-z0-9]{9}$/) }] });
    expect(call).toMatchObject({ tool_calls: [{ id: result?.['tool_call_id'] }] });
    const long = 'x'.repeat(41);
    const [kept] = messagesOf([called(long)]);
    const [shortened] = messagesOf([called(long)], openaiDialect);
    expect(kept).toMatchObject({ tool_calls: [{ id: long }] });
    expect(shortened).toMatchObject({ tool_calls: [{ id: expect.stringMatching(/^[a-z0-9]{40}$/) }] });
  });
});

it.each([openaiDialect, compatibleDialect()])(
  'shows images and files of tool results after the results',
  (dialect) => {
    const messages: Message[] = [
      called('a'),
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'seen' }, picture] },
      { role: 'tool', tool_call_id: 'b', content: [paper] },
      { role: 'user', content: 'and?' },
    ];
    const turns = messagesOf(messages, dialect);
    const shown = [
      { type: 'text', text: 'From the result of the tool call a:' },
      picture,
      { type: 'text', text: 'From the result of the tool call b:' },
      paper,
    ];
    // Templates take no two turns of a user's in a row.
    const asked = dialect.takesTurnsAnywhere
      ? [
          { role: 'user', content: shown },
          { role: 'user', content: 'and?' },
        ]
      : [{ role: 'user', content: [...shown, { type: 'text', text: 'and?' }] }];
    expect(turns.map(({ role }) => role).slice(0, 3)).toEqual(['assistant', 'tool', 'tool']);
    expect(turns.slice(3)).toEqual(asked);
    expect(JSON.stringify(turns.slice(1, 3))).not.toContain('base64');
  },
);

describe('what a model thought goes back', () => {
  const turn = (extra_content?: object): Message => ({
    role: 'assistant',
    content: 'x',
    reasoning_content: 'hm',
    ...(extra_content && { extra_content }),
  });
  test.each<[string, Message, OpenaiDialect, object]>([
    ['to a server that has it so', turn(), compatibleDialect(), { reasoning_content: 'hm' }],
    [
      'under the name it had',
      turn({ openai: { reasoning: 'hm' } }),
      compatibleDialect(),
      { reasoning: 'hm' },
    ],
    [
      'not if it was Claude’s',
      turn({ anthropic: { content: [{ type: 'text', text: 'x' }] } }),
      compatibleDialect(),
      {},
    ],
    ['not to OpenAI, which has no such field', turn(), openaiDialect, {}],
  ])('%s', (_where, message, dialect, state) => {
    expect(messagesOf([message], dialect)).toEqual([{ role: 'assistant', content: 'x', ...state }]);
  });
});

describe('a custom tool', () => {
  const format = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' };
  const parameters = { type: 'object', properties: { input: { type: 'string' } } };
  const request: Partial<ChatRequest> = {
    tools: [
      { type: 'function', custom: { format }, function: { name: 'patch', description: 'd', parameters } },
    ],
    tool_choice: { type: 'function', function: { name: 'patch' } },
    messages: [
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'a',
            type: 'function',
            custom: true,
            function: { name: 'patch', arguments: '{"input":"x"}' },
          },
        ],
      },
    ],
  };

  it('is one for OpenAI', () => {
    const { syntax, definition } = format;
    expect(bodyOf(request, openaiDialect)).toMatchObject({
      tools: [
        {
          type: 'custom',
          custom: {
            name: 'patch',
            description: 'd',
            format: { type: 'grammar', grammar: { syntax, definition } },
          },
        },
      ],
      tool_choice: { type: 'custom', custom: { name: 'patch' } },
      messages: [{ tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'patch', input: 'x' } }] }],
    });
  });

  it('is a function for servers that have no others', () => {
    const body = bodyOf(request);
    expect(body['tools']).toEqual([
      { type: 'function', function: { name: 'patch', description: 'd', parameters } },
    ]);
    expect(body.messages).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'patch', arguments: '{"input":"x"}' } }],
      },
    ]);
  });
});

it('asks a server that refuses max_tokens by name with the newer name, now and from then on', async () => {
  const upstream = await startRecordingUpstream();
  const message =
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
  const whole = {
    choices: [{ message: { content: 'x' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1 },
  };
  upstream.reply = ({ text }) =>
    'max_tokens' in (JSON.parse(text) as object)
      ? { status: 400, json: JSON.stringify({ error: { message, code: 'unsupported_parameter' } }) }
      : { json: JSON.stringify(whole) };
  const provider = connect('compatible', upstream.url);
  const call = {
    attemptId: 'att_1',
    model: 'm',
    request: { model: 'p/m', messages: [{ role: 'user' as const, content: 'hi' }] },
    maxOutputTokens: 100,
    stream: false,
    reasons: false,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  };
  expect([(await provider.call(call)).kind, (await provider.call(call)).kind]).toEqual([
    'completed',
    'completed',
  ]);
  const bounds = upstream.calls.map(({ text }) =>
    Object.keys(JSON.parse(text) as object).filter((name) => name.startsWith('max_')),
  );
  expect(bounds.flat()).toEqual(['max_tokens', 'max_completion_tokens', 'max_completion_tokens']);
  await provider.close();
  await upstream.close();
});
