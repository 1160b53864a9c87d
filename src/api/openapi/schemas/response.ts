import { z } from 'zod';
import { pageOf } from '../../http/pages.ts';
import { component } from '../components.ts';

const usage = z.looseObject({
  input_tokens: z.int(),
  input_tokens_details: z.looseObject({ cached_tokens: z.int(), cache_write_tokens: z.int() }),
  output_tokens: z.int(),
  output_tokens_details: z.looseObject({ reasoning_tokens: z.int() }),
  total_tokens: z.int(),
});

const item = z
  .looseObject({ type: z.string(), id: z.string() })
  .describe('A message, a function call or reasoning');

/** The `Response` of OpenAI's SDK: the object of `toResponse`. */
export const responseSchema = component(
  'ResponseObject',
  z.looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.int().describe('Unix seconds'),
    completed_at: z.int().nullable().describe('Unix seconds'),
    status: z.enum(['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'incomplete']),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.enum(['content_filter', 'max_output_tokens']) }).nullable(),
    model: z.string(),
    output: z.array(item),
    service_tier: z.string(),
    truncation: z.string(),
    usage: usage.nullable(),
    access_programs: z.looseObject({}).nullable(),
    background: z.boolean(),
    conversation: z.looseObject({}).nullish(),
    frequency_penalty: z.number(),
    instructions: z.string().nullable(),
    max_output_tokens: z.int().nullable(),
    max_tool_calls: z.int().nullable(),
    metadata: z.record(z.string(), z.string()),
    parallel_tool_calls: z.boolean(),
    presence_penalty: z.number(),
    previous_response_id: z.string().nullable(),
    prompt: z.looseObject({}).nullish(),
    prompt_cache_key: z.string().nullable(),
    prompt_cache_retention: z.string().nullish(),
    safety_identifier: z.string().nullable(),
    store: z.boolean(),
    temperature: z.number(),
    tool_choice: z.unknown(),
    tools: z.array(z.looseObject({ type: z.string() })),
    top_logprobs: z.int(),
    top_p: z.number(),
    user: z.string().nullable(),
    reasoning: z.looseObject({ effort: z.string().nullable(), summary: z.string().nullable() }),
    text: z.looseObject({ format: z.looseObject({ type: z.string() }), verbosity: z.string() }),
  }),
);

export const responseItemListSchema = component(
  'ResponseItemList',
  pageOf(
    z
      .looseObject({ type: z.string(), id: z.string(), status: z.string() })
      .describe('An input item, as it was sent'),
  ),
);

export const deletedResponseSchema = component(
  'DeletedResponse',
  z.object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) }),
);
