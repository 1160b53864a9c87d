import type { ResponseCreateParams } from 'openai/resources/responses/responses';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Tool } from '../../../../src/shared/chat/chat.ts';
import { customParameters } from '../../../../src/shared/chat/custom-tools.ts';
import { routingHints } from '../../../../src/shared/formats/common/routing-hints.ts';
import {
  type ResponsesBody,
  responsesSchema,
  toChatRequest,
} from '../../../../src/shared/formats/openai-responses/response-request.ts';
import { decideFields, type FieldCase, undecided } from '../documented-fields.ts';

const look = { type: 'function', name: 'look' };
const hear = { type: 'function', name: 'hear' };
const tool = (name: string): Tool => ({ type: 'function', function: { name } });
const minimal = { model: 'gpt-5-mini', input: 'hello', tools: [look, hear] };
const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' };

/** SDK 7.59 `ResponseCreateParams`. */
const documented: FieldCase[] = [
  ['access_programs', {}, { refused: 'not supported' }],
  ['background', false, 'hint'],
  ['background_options', { a: 1 }, 'hint'],
  ['context_management', [], { refused: 'not supported' }],
  ['conversation', 'conv_1', { refused: 'not supported' }],
  ['image', {}, { refused: 'not supported' }],
  ['include', ['reasoning.encrypted_content', 'web_search_call.results'], 'hint'],
  ['include', ['message.output_text.logprobs'], { honoured: { logprobs: true } }],
  ['include', ['nothing'], { refused: 'not something', path: 'include.0' }],
  [
    'instructions',
    'Be brief.',
    {
      honoured: {
        messages: [
          { role: 'developer', content: 'Be brief.' },
          { role: 'user', content: 'hello' },
        ],
      },
    },
  ],
  ['max_output_tokens', 9, { honoured: { max_completion_tokens: 9 } }],
  ['max_tool_calls', 3, 'hint'],
  ['metadata', { a: 'b' }, 'hint'],
  ['moderation', {}, { refused: 'not supported' }],
  ['parallel_tool_calls', false, { honoured: { parallel_tool_calls: false } }],
  ['previous_response_id', null, 'hint'],
  ['prompt', { id: 'p' }, { refused: 'not supported' }],
  ['prompt_cache_key', 'k', { honoured: { prompt_cache_key: 'k' } }],
  ['prompt_cache_options', { ttl: '30m' }, 'hint'],
  ['prompt_cache_retention', '24h', 'hint'],
  ['reasoning', { effort: 'max' }, { honoured: { reasoning_effort: 'max' } }],
  ['reasoning', { summary: 'detailed' }, { honoured: { reasoning_summary: 'detailed' } }],
  ['reasoning', { generate_summary: 'concise' }, { honoured: { reasoning_summary: 'concise' } }],
  ['reasoning', { context: 'all_turns', mode: 'standard' }, 'hint'],
  ['reasoning', { mode: 'pro' }, { refused: 'only standard', path: 'reasoning.mode' }],
  ['safety_identifier', 's', { honoured: { safety_identifier: 's' } }],
  ['service_tier', 'flex', { refused: 'only auto and default' }],
  ['store', false, 'hint'],
  ['stream', true, 'hint'],
  ['stream_options', { include_obfuscation: false }, 'hint'],
  ['temperature', 0.5, { honoured: { temperature: 0.5 } }],
  ['text', { verbosity: 'low' }, { honoured: { verbosity: 'low' } }],
  ['text', { format: { type: 'json_object' } }, { honoured: { response_format: { type: 'json_object' } } }],
  ['tool_choice', 'required', { honoured: { tool_choice: 'required' } }],
  [
    'tool_choice',
    { type: 'function', name: 'look' },
    { honoured: { tool_choice: { type: 'function', function: { name: 'look' } } } },
  ],
  [
    'tool_choice',
    { type: 'allowed_tools', mode: 'required', tools: [hear] },
    { honoured: { tools: [tool('hear')], tool_choice: 'required' } },
  ],
  ['tool_choice', { type: 'web_search' }, { refused: 'a provider runs itself', path: 'tool_choice.type' }],
  [
    'tools',
    [{ ...look, async: true, defer_loading: false, allowed_callers: ['direct'], output_schema: {} }],
    { honoured: { tools: [tool('look')] } },
  ],
  [
    'tools',
    [{ type: 'custom', name: 'patch', format: grammar }],
    {
      honoured: {
        tools: [
          {
            type: 'function',
            custom: { format: grammar },
            function: { name: 'patch', parameters: customParameters },
          },
        ],
      },
    },
  ],
  [
    'tools',
    [
      {
        type: 'namespace',
        name: 'mcp__docs',
        description: 'd',
        tools: [look, { type: 'custom', name: 'run' }],
      },
    ],
    {
      honoured: {
        tools: [
          tool('mcp__docs__look'),
          {
            type: 'function',
            custom: { format: null },
            function: { name: 'mcp__docs__run', parameters: customParameters },
          },
        ],
      },
    },
  ],
  ['tools', [{ type: 'web_search' }], { refused: 'web_search is not possible here', path: 'tools.0.type' }],
  [
    'tools',
    [{ type: 'web_search', external_web_access: true }],
    { refused: 'web_search is not possible here', path: 'tools.0.type' },
  ],
  [
    'tools',
    [look, { type: 'web_search', external_web_access: false }],
    { honoured: { tools: [tool('look')] } },
  ],
  ['tools', [{ type: 'tool_search' }], { refused: 'tool_search is not possible here', path: 'tools.0.type' }],
  [
    'tools',
    [{ type: 'tool_search', execution: 'client', description: 'd', parameters: { type: 'object' } }],
    {
      honoured: {
        tools: [
          {
            type: 'function',
            function: { name: 'tool_search', description: 'd', parameters: { type: 'object' } },
          },
        ],
      },
    },
  ],
  ['top_logprobs', 0, 'hint'],
  ['top_logprobs', 2, 'hint'],
  ['top_p', 0.5, { honoured: { top_p: 0.5 } }],
  ['truncation', 'auto', 'hint'],
  ['user', 'u', { honoured: { user: 'u' } }],
];

/** What clients of other gateways add, and Codex with each request (`client_metadata`). */
const added: FieldCase[] = Object.keys(routingHints).map((field) => [field, { a: 'b' }, 'hint']);

describe('what becomes of a field of the Responses API', () => {
  decideFields(
    { schema: responsesSchema, minimal, requestOf: (read) => toChatRequest(read as ResponsesBody, []) },
    [...documented, ...added],
  );

  it('is decided for each that is documented', () => {
    type Unread = Exclude<keyof ResponseCreateParams, keyof typeof responsesSchema.shape>;
    expectTypeOf<Unread>().toEqualTypeOf<never>();
    expect(undecided(Object.keys(responsesSchema.shape), [...documented, ...added], minimal)).toEqual([]);
  });
});
