import { describe, expect, test } from 'vitest';
import type { ChatCompletion, FinishReason } from '../../../src/shared/chat/chat.ts';
import { createMessageEvents } from '../../../src/shared/formats/anthropic-messages/message-events.ts';
import { toAnthropicMessage } from '../../../src/shared/formats/anthropic-messages/message-object.ts';
import { messagesSchema } from '../../../src/shared/formats/anthropic-messages/message-request.ts';
import { problemsOf } from '../../../src/shared/formats/common/zod-problems.ts';

const body = (more: Record<string, unknown> = {}) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello' }],
  ...more,
});
const requestOf = (more: Record<string, unknown>) => messagesSchema.parse(body(more)).request;
const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const cached = { cache_control: { type: 'ephemeral' } };

describe('an Anthropic request becomes a request of ours', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'instructions',
      { system: 'be brief' },
      {
        messages: [
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'hello' },
        ],
      },
    ],
    [
      'marks on blocks',
      user([{ type: 'text', text: 'a', ...cached }]),
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'a', extra_content: { anthropic: cached } }] },
        ],
      },
    ],
    [
      'images',
      user([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } }]),
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } }],
          },
        ],
      },
    ],
    [
      'tool results, which come before what else the user says',
      user([
        { type: 'tool_result', tool_use_id: 't1', content: '4', is_error: true },
        { type: 'text', text: 'go on' },
      ]),
      {
        messages: [
          {
            role: 'tool',
            tool_call_id: 't1',
            content: 'Error: 4',
            extra_content: { anthropic: { is_error: true } },
          },
          { role: 'user', content: [{ type: 'text', text: 'go on' }] },
        ],
      },
    ],
    ['stop sequences', { stop_sequences: ['END'] }, { stop: ['END'] }],
    ['a user id', { metadata: { user_id: 'u1' } }, { user: 'u1' }],
    ['no thinking', { thinking: { type: 'disabled' } }, { reasoning_effort: 'none' }],
    [
      'whether thinking is shown',
      { thinking: { type: 'adaptive', display: 'omitted' } },
      { reasoning_effort: 'high', thinking_display: 'omitted' },
    ],
    [
      'a thinking budget',
      { thinking: { type: 'enabled', budget_tokens: 10_000 } },
      { reasoning_effort: 'medium' },
    ],
    [
      'an effort',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
      { reasoning_effort: 'max' },
    ],
  ])('%s', (_, more, expected) => {
    expect(requestOf(more)).toMatchObject(expected);
  });

  test('an assistant turn keeps its own blocks beside our words for them', () => {
    const content = [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'I look' },
      { type: 'tool_use', id: 't1', name: 'look', input: { at: 'x' } },
    ];
    expect(requestOf({ messages: [{ role: 'assistant', content }] }).messages).toEqual([
      {
        role: 'assistant',
        content: 'I look',
        tool_calls: [{ id: 't1', type: 'function', function: { name: 'look', arguments: '{"at":"x"}' } }],
        extra_content: { anthropic: { content } },
      },
    ]);
  });

  test('state that another provider gave with a turn goes back with it, and not to Anthropic', () => {
    const extra_content = { google: { thought_signature: 's' } };
    const text = { type: 'text', text: 'I look' };
    const use = { type: 'tool_use', id: 't1', name: 'look', input: {} };
    const content = [
      { ...text, extra_content },
      { ...use, extra_content },
    ];
    const [message] = requestOf({ messages: [{ role: 'assistant', content }] }).messages;
    expect(message).toMatchObject({
      extra_content: { ...extra_content, anthropic: { content: [text, use] } },
      tool_calls: [{ id: 't1', extra_content }],
    });
    expect(JSON.stringify(message)).not.toContain('null');
    const answered = toAnthropicMessage(
      completion({ content: 'I look', extra_content, tool_calls: [{ ...call, extra_content }] }),
      'job_1',
    );
    expect(answered.content).toMatchObject(content.map(({ type }) => ({ type, extra_content })));
  });

  test.each<[string, object, object]>([
    ['a text', { content: 'hi' }, { content: 'hi', extra_content: { anthropic: cached } }],
    [
      'parts',
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b', extra_content: { anthropic: cached } },
        ],
      },
    ],
    [
      'a tool result',
      { content: [{ type: 'tool_result', tool_use_id: 't1', content: 'x' }] },
      { role: 'tool', extra_content: { anthropic: cached } },
    ],
  ])('a mark on the whole request is on its last block: %s', (_, given, expected) => {
    const { messages } = requestOf({ messages: [{ role: 'user', ...given }], ...cached });
    expect(messages).toMatchObject([expected]);
  });

  test('tools and the choice among them', () => {
    const tools = [{ name: 'look', input_schema: { type: 'object' }, ...cached }];
    expect(requestOf({ tools, tool_choice: { type: 'any', disable_parallel_tool_use: true } })).toMatchObject(
      {
        tools: [
          {
            function: { name: 'look', parameters: { type: 'object' } },
            extra_content: { anthropic: cached },
          },
        ],
        tool_choice: 'required',
        parallel_tool_calls: false,
      },
    );
  });

  test.each<[string, Record<string, unknown>]>([
    ['top_k', { top_k: 'many' }],
    ['messages.0.content.0.source.type', user([{ type: 'document', source: {} }])],
    [
      'tools.0.type',
      { tools: [{ type: 'web_search_20250305', name: 'web', input_schema: { type: 'object' } }] },
    ],
    ['max_tokens', { max_tokens: 0 }],
  ])('what cannot be done is refused by its path: %s', (path, more) => {
    const { error } = messagesSchema.safeParse(body(more));
    expect(problemsOf(error as NonNullable<typeof error>).map(({ param }) => param)).toEqual([path]);
  });
});

const completion = (message: object, reason: FinishReason = 'stop') =>
  ({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'openai/gpt-5-mini',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, refusal: null, ...message },
        logprobs: null,
        finish_reason: reason,
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 2 },
    },
  }) as ChatCompletion;

const call = { id: 't1', type: 'function', function: { name: 'look', arguments: '{"at":"x"}' } };

describe('a completion becomes a message', () => {
  test('text, and tokens counted as Anthropic counts them', () => {
    expect(toAnthropicMessage(completion({ content: 'hi' }), 'job_1')).toMatchObject({
      id: 'msg_1',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: 5,
        cache_read_input_tokens: 4,
        cache_creation_input_tokens: 1,
        output_tokens: 5,
      },
    });
  });

  test('tool calls', () => {
    expect(toAnthropicMessage(completion({ tool_calls: [call] }, 'tool_calls'), 'job_1')).toMatchObject({
      content: [{ type: 'tool_use', id: 't1', name: 'look', input: { at: 'x' } }],
      stop_reason: 'tool_use',
    });
  });

  test("Claude's own blocks, as they were", () => {
    const content = [{ type: 'thinking', thinking: 'hm', signature: 's' }];
    const message = toAnthropicMessage(
      completion({ content: 'hi', extra_content: { anthropic: { content } } }),
      'job_1',
    );
    expect(message.content).toEqual(content);
  });

  test('the stop sequence that Claude met', () => {
    const met = completion({ content: 'hi', extra_content: { anthropic: { stop_sequence: 'END' } } });
    expect(toAnthropicMessage(met, 'job_1')).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: 'END',
    });
    const events = createMessageEvents('anthropic/claude-haiku-4-5', 'job_1', 7).ended(met);
    expect(events.at(-2)?.data).toMatchObject({
      delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' },
    });
  });
});

const thinking = { type: 'thinking', thinking: 'hm', signature: 's' };
const blocksOf = (all: { event: string; data: Record<string, unknown> }[]) =>
  all.filter(({ event }) => event === 'content_block_start').map(({ data }) => data['content_block']);

test('thinking is told before what it led to, and alone when it led to nothing', () => {
  const events = createMessageEvents('anthropic/claude-haiku-4-5', 'job_1', 7);
  const redacted = { type: 'redacted_thinking', data: 'x' };
  const content = [thinking, redacted, { type: 'text', text: 'hi' }];
  const whole = completion({ content: 'hi', extra_content: { anthropic: { content } } });
  const all = [
    ...events.started(),
    ...events.delta({ kind: 'text', choice: 0, text: 'h', thinking: [thinking, redacted] }),
    ...events.delta({ kind: 'text', choice: 0, text: 'i' }),
    ...events.ended(whole),
  ];
  expect(blocksOf(all)).toMatchObject([{ type: 'thinking', thinking: '' }, redacted, { type: 'text' }]);
  const deltas = all.filter(({ event }) => event === 'content_block_delta');
  expect(deltas.map(({ data }) => [data['index'], data['delta']])).toEqual([
    [0, { type: 'thinking_delta', thinking: 'hm' }],
    [0, { type: 'signature_delta', signature: 's' }],
    [2, { type: 'text_delta', text: 'h' }],
    [2, { type: 'text_delta', text: 'i' }],
  ]);
  const alone = createMessageEvents('anthropic/claude-haiku-4-5', 'job_1', 7);
  expect(blocksOf([...alone.started(), ...alone.ended(whole)])).toMatchObject(
    [thinking, redacted].map(({ type }) => ({ type })),
  );
});

test('deltas become events: each block starts, goes on and stops; the usage comes at the end', () => {
  const events = createMessageEvents('openai/gpt-5-mini', 'job_1', 7);
  const all = [
    ...events.started(),
    ...events.delta({ kind: 'text', choice: 0, text: 'I ' }),
    ...events.delta({ kind: 'text', choice: 0, text: 'look' }),
    ...events.delta({ kind: 'tool_call', choice: 0, index: 0, id: 't1', name: 'look', arguments: '' }),
    ...events.delta({ kind: 'tool_call', choice: 0, index: 0, arguments: '{}' }),
    ...events.ended(completion({ tool_calls: [call] }, 'tool_calls')),
  ];
  // Clients that read their input from the start have our count; the provider's comes at the end.
  expect(all[0]?.data).toMatchObject({ message: { usage: { input_tokens: 7, output_tokens: 0 } } });
  expect(all.map(({ event, data }) => [event, data['index']])).toEqual([
    ['message_start', undefined],
    ['content_block_start', 0],
    ['content_block_delta', 0],
    ['content_block_delta', 0],
    ['content_block_stop', 0],
    ['content_block_start', 1],
    ['content_block_delta', 1],
    ['content_block_stop', 1],
    ['message_delta', undefined],
    ['message_stop', undefined],
  ]);
  expect(all.at(-2)?.data).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { input_tokens: 5 } });
});
