import type { MessageCreateParams } from '@anthropic-ai/sdk/resources/beta/messages';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { ChatRequest, Tool } from '../../../../src/shared/chat/chat.ts';
import { messagesSchema } from '../../../../src/shared/formats/anthropic-messages/message-request.ts';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';
import { decideFields, type FieldCase, undecided } from '../documented-fields.ts';

const look = { name: 'look', input_schema: { type: 'object' } };
const tool: Tool = { type: 'function', function: { name: 'look', parameters: { type: 'object' } } };
const minimal = {
  model: 'claude-haiku-4-5',
  max_tokens: 9000,
  messages: [{ role: 'user', content: 'hello' }],
  tools: [look],
};
const schema = { type: 'object' };
const format = { type: 'json_schema', schema } as const;
const asFormat: Partial<ChatRequest> = {
  response_format: { type: 'json_schema', json_schema: { name: 'output', schema } },
};
const notPermitted = 'Extra inputs are not permitted';
const mark = { type: 'ephemeral' };

/** SDK 1.14 `MessageCreateParams` of the beta, which has all of the other's fields. */
const documented: FieldCase[] = [
  ['betas', ['interleaved-thinking-2025-05-14'], 'hint'],
  ['billing_policy', {}, { refused: notPermitted }],
  [
    'cache_control',
    mark,
    {
      honoured: {
        messages: [{ role: 'user', content: 'hello', extra_content: { anthropic: { cache_control: mark } } }],
      },
    },
  ],
  ['compaction', { type: 'x' }, { refused: notPermitted }],
  ['container', 'container_1', { refused: notPermitted }],
  ['context_management', { edits: [{ type: 'clear_tool_uses_20250919' }] }, 'hint'],
  [
    'context_management',
    { edits: [{ type: 'compact_20260112' }] },
    { refused: notPermitted, path: 'context_management.edits.0.type' },
  ],
  ['diagnostics', {}, 'hint'],
  ['fallback_credit_token', 't', 'hint'],
  ['fallbacks', [], { refused: notPermitted }],
  ['inference_geo', 'us', { refused: notPermitted }],
  ['mcp_servers', [], 'hint'],
  [
    'mcp_servers',
    [{ type: 'url', url: 'https://e.com', name: 'x' }],
    { refused: notPermitted, path: 'mcp_servers.0' },
  ],
  ['metadata', { user_id: 'u', more: 1 }, { honoured: { user: 'u' } }],
  ['output_config', { format }, { honoured: asFormat }],
  ['output_format', format, { honoured: asFormat }],
  ['output_config', { effort: 'max' }, { honoured: { reasoning_effort: 'max', effort_alone: true } }],
  [
    'output_config',
    { effort: 'low', task_budget: {} },
    { honoured: { reasoning_effort: 'low', effort_alone: true } },
  ],
  ['service_tier', 'standard_only', 'hint'],
  ['speed', 'standard', 'hint'],
  ['speed', 'fast', { refused: notPermitted }],
  ['stop_sequences', ['a', 'b', 'c', 'd', 'e'], { honoured: { stop: ['a', 'b', 'c', 'd', 'e'] } }],
  ['stream', true, 'hint'],
  [
    'system',
    'Be brief.',
    {
      honoured: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hello' },
        ],
      },
    },
  ],
  ['temperature', 0.5, { honoured: { temperature: 0.5 } }],
  ['thinking', { type: 'disabled' }, { honoured: { reasoning_effort: 'none' } }],
  ['thinking', { type: 'between_tools' }, 'hint'],
  [
    'thinking',
    { type: 'adaptive', display: 'omitted' },
    { honoured: { reasoning_effort: 'high', thinking_adaptive: true, thinking_display: 'omitted' } },
  ],
  [
    'thinking',
    { type: 'enabled', budget_tokens: 3000 },
    { honoured: { reasoning_effort: 'low', thinking_budget_tokens: 3000 } },
  ],
  ['thread', { id: 'thread_1' }, { refused: notPermitted }],
  ['tool_choice', { type: 'any' }, { honoured: { tool_choice: 'required' } }],
  [
    'tools',
    [
      {
        ...look,
        defer_loading: true,
        input_examples: [],
        eager_input_streaming: true,
        allowed_callers: ['direct'],
      },
    ],
    { honoured: { tools: [tool] } },
  ],
  [
    'tools',
    [{ ...look, name: 'm'.repeat(128) }],
    { honoured: { tools: [{ ...tool, function: { ...tool.function, name: 'm'.repeat(128) } }] } },
  ],
  [
    'tools',
    [{ type: 'web_search_20250305', name: 'web_search' }],
    { refused: 'server tools', path: 'tools.0.type' },
  ],
  ['top_k', 5, { honoured: { top_k: 5 } }],
  ['top_k', -1, 'hint'],
  ['top_p', 0.5, { honoured: { top_p: 0.5 } }],
  ['user_profile_id', 'u', { refused: notPermitted }],
  ['workspace_id', 'w', { refused: notPermitted }],
];

describe('what becomes of a field of the Messages API', () => {
  decideFields(
    {
      schema: messagesSchema,
      minimal,
      requestOf: (read) => (read as { request: ChatRequest }).request,
    },
    documented,
  );

  it('is decided for each that is documented', () => {
    type Unread = Exclude<keyof MessageCreateParams, keyof typeof messagesSchema.in.shape>;
    expectTypeOf<Unread>().toEqualTypeOf<never>();
    expect(undecided(Object.keys(messagesSchema.in.shape), documented, minimal)).toEqual([]);
  });
});

it('a thread is refused with the details by which its clients do without', () => {
  const read = messagesSchema.safeParse({ ...minimal, thread: { id: 'thread_1' } });
  expect(read.success ? [] : problemsOf(read.error)).toEqual([
    {
      param: 'thread',
      message: notPermitted,
      details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
    },
  ]);
});
