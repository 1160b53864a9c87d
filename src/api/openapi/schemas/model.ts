import { z } from 'zod';
import { component } from '../components.ts';

const gateway = z.object({
  aliases: z.array(z.string()),
  input_usd_per_mtok: z.string(),
  output_usd_per_mtok: z.string(),
  cached_input_usd_per_mtok: z.string(),
  cache_write_usd_per_mtok: z.string(),
  context_window: z.int(),
  max_input_tokens: z.int(),
  max_output_tokens: z.int(),
  default_max_output_tokens: z.int(),
  supports: z.object({
    vision: z.boolean(),
    tools: z.boolean(),
    json_schema: z.boolean(),
    reasoning: z.boolean(),
  }),
  simulated: z.boolean().describe('The simulator answers in the place of its provider'),
});

const ends = { has_more: z.boolean(), first_id: z.string().nullable(), last_id: z.string().nullable() };

/** A model as OpenAI's SDK reads it. */
export const modelSchema = component(
  'Model',
  z.object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    gateway,
  }),
);

const capability = z.object({ supported: z.boolean() });

const capabilities = z.looseObject({
  batch: capability,
  citations: capability,
  code_execution: capability,
  context_management: z.looseObject({ supported: z.boolean() }),
  effort: z.looseObject({ supported: z.boolean() }),
  image_input: capability,
  pdf_input: capability,
  server_tools: z.looseObject({ supported: z.boolean() }),
  structured_outputs: capability,
  thinking: z.looseObject({ supported: z.boolean(), types: z.record(z.string(), capability) }),
});

/** A model as Anthropic's SDK reads it: the answer to a request with `anthropic-version`. */
export const anthropicModelSchema = component(
  'AnthropicModel',
  z.object({
    type: z.literal('model'),
    id: z.string(),
    display_name: z.string(),
    created_at: z.iso.datetime(),
    capabilities,
    lifecycle: z.literal('active'),
    line: z.string().nullable(),
    deprecated_at: z.null(),
    retires_at: z.null(),
    max_input_tokens: z.int(),
    max_tokens: z.int(),
    gateway,
  }),
);

export const modelListSchema = component(
  'ModelList',
  z.object({ object: z.literal('list'), data: z.array(modelSchema), ...ends }),
);

export const anthropicModelListSchema = component(
  'AnthropicModelList',
  z.object({ data: z.array(anthropicModelSchema), ...ends }),
);
