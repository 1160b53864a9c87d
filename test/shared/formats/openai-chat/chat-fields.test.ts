import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { ChatRequest, Tool } from '../../../../src/shared/chat/chat.ts';
import { customParameters } from '../../../../src/shared/chat/custom-tools.ts';
import { routingHints } from '../../../../src/shared/formats/common/routing-hints.ts';
import {
  chatCompletionsSchema,
  chatRequestSchema,
} from '../../../../src/shared/formats/openai-chat/chat-request.ts';
import { decideFields, type FieldCase, undecided } from '../documented-fields.ts';

const look = { type: 'function', function: { name: 'look' } } satisfies Tool;
const hear = { type: 'function', function: { name: 'hear' } } satisfies Tool;
const minimal = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }], tools: [look, hear] };
const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } };
const grammar = { type: 'grammar', grammar: { syntax: 'regex', definition: 'a+' } };
const schema = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } as const;

/** SDK 7.59 `ChatCompletionCreateParams`. */
const documented: FieldCase[] = [
  ['audio', { voice: 'alloy' }, { refused: 'audio is not supported' }],
  ['frequency_penalty', 1, { honoured: { frequency_penalty: 1 } }],
  ['frequency_penalty', 0, 'hint'],
  ['function_call', 'auto', { refused: 'use tool_choice' }],
  ['functions', [], { refused: 'use tools' }],
  ['logit_bias', { 50256: -100 }, { honoured: { logit_bias: { 50256: -100 } } }],
  ['logprobs', true, { honoured: { logprobs: true } }],
  ['max_completion_tokens', 9, { honoured: { max_completion_tokens: 9 } }],
  ['max_tokens', 9, { honoured: { max_tokens: 9 } }],
  ['metadata', { a: 'b' }, { honoured: { metadata: { a: 'b' } } }],
  ['modalities', ['text'], 'hint'],
  ['modalities', ['text', 'audio'], { refused: 'only ["text"]' }],
  ['moderation', {}, { refused: 'not supported' }],
  ['n', 2, { honoured: { n: 2 } }],
  ['parallel_tool_calls', false, { honoured: { parallel_tool_calls: false } }],
  ['prediction', { type: 'content', content: 'x' }, 'hint'],
  ['presence_penalty', 1, { honoured: { presence_penalty: 1 } }],
  ['prompt_cache_key', 'k', { honoured: { prompt_cache_key: 'k' } }],
  ['prompt_cache_options', { mode: 'explicit', ttl: '30m' }, 'hint'],
  ['prompt_cache_retention', '24h', 'hint'],
  ['reasoning_effort', 'max', { honoured: { reasoning_effort: 'max' } }],
  ['reasoning_effort', 'none', { honoured: { reasoning_effort: 'none' } }],
  ['response_format', schema, { honoured: { response_format: schema } }],
  ['safety_identifier', 's', { honoured: { safety_identifier: 's' } }],
  ['seed', 7, { honoured: { seed: 7 } }],
  ['service_tier', 'auto', 'hint'],
  ['service_tier', 'priority', { refused: 'only auto and default' }],
  ['stop', ['a'], { honoured: { stop: ['a'] } }],
  ['store', false, 'hint'],
  ['store', true, 'hint'],
  ['stream', true, 'hint'],
  ['stream_options', { include_usage: true }, 'hint'],
  ['temperature', 0.5, { honoured: { temperature: 0.5 } }],
  ['tool_choice', 'required', { honoured: { tool_choice: 'required' } }],
  ['tool_choice', look, { honoured: { tool_choice: look } }],
  [
    'tool_choice',
    { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [look] } },
    { honoured: { tools: [look], tool_choice: 'required' } },
  ],
  [
    'tool_choice',
    { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [look] } },
    { honoured: { tools: [look] } },
  ],
  [
    'tool_choice',
    { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ ...look, function: { name: 'x' } }] } },
    { refused: 'there is no tool x' },
  ],
  ['tool_choice', { type: 'hosted' }, { refused: 'allowed_tools', path: 'tool_choice.type' }],
  [
    'tools',
    [{ ...look, ...mark, colour: 'red' }],
    { honoured: { tools: [{ ...look, extra_content: { anthropic: mark } }] } },
  ],
  [
    'tools',
    [{ type: 'function', function: { name: 'look', ...mark, colour: 'red' } }],
    { honoured: { tools: [{ ...look, extra_content: { anthropic: mark } }] } },
  ],
  [
    'tools',
    [{ type: 'custom', custom: { name: 'patch', description: 'Patches.', format: grammar } }],
    {
      honoured: {
        tools: [
          {
            type: 'function',
            custom: { format: grammar },
            function: { name: 'patch', description: 'Patches.', parameters: customParameters },
          },
        ],
      },
    },
  ],
  ['tools', [{ type: 'web_search' }], { refused: 'a provider runs itself', path: 'tools.0.type' }],
  ['top_logprobs', 0, 'hint'],
  ['top_p', 0.5, { honoured: { top_p: 0.5 } }],
  ['user', 'u', { honoured: { user: 'u' } }],
  ['verbosity', 'low', { honoured: { verbosity: 'low' } }],
  ['web_search_options', {}, { refused: 'provider-side tools' }],
];

/** What clients of other gateways add. */
const added: FieldCase[] = [
  ['top_k', 5, { honoured: { top_k: 5 } }],
  ['top_k', -1, 'hint'],
  ['reasoning', { effort: 'high' }, { honoured: { reasoning_effort: 'high' } }],
  ['reasoning', { enabled: true }, { honoured: { reasoning_effort: 'medium' } }],
  ['reasoning', { enabled: false, effort: 'high' }, { honoured: { reasoning_effort: 'none' } }],
  [
    'reasoning',
    { max_tokens: 9000, exclude: true, summary: 'concise' },
    {
      honoured: {
        reasoning_effort: 'medium',
        thinking_budget_tokens: 9000,
        hide_reasoning: true,
        reasoning_summary: 'concise',
      },
    },
  ],
  ...Object.keys(routingHints).map((field): FieldCase => [field, { a: 'b' }, 'hint']),
];

describe('what becomes of a field of chat completions', () => {
  decideFields(
    {
      schema: chatCompletionsSchema,
      minimal,
      requestOf: (read) => (read as { request: ChatRequest }).request,
    },
    [...documented, ...added],
  );

  it('is decided for each that is documented', () => {
    type Unread = Exclude<keyof ChatCompletionCreateParams, keyof typeof chatCompletionsSchema.in.shape>;
    expectTypeOf<Unread>().toEqualTypeOf<never>();
    expect(
      undecided(Object.keys(chatCompletionsSchema.in.shape), [...documented, ...added], minimal),
    ).toEqual([]);
  });
});

it('a native job takes no routing hints', () => {
  expect(chatRequestSchema.safeParse({ ...minimal, provider: {} }).success).toBe(false);
});
