import { z } from 'zod';
import { quirksSchema } from './quirks.ts';

/**
 * The shapes of MODELS_FILE and PROVIDERS_FILE, as an operator writes them: snake case, money in USD per
 * 1,000,000 tokens. Documented by examples/models.example.json and examples/providers.example.json.
 */

/**
 * A price as text ("0.075") or a plain number; exact to nine places. Answers nano-USD per 1,000,000 tokens.
 */
const usdPerMtok = z
  .union([z.string(), z.number()], {
    error:
      'write the USD price per 1,000,000 tokens, such as "2.5" ("0" for a model of your own that is free)',
  })
  .transform(String)
  .pipe(
    z.string().regex(/^\d{1,6}(\.\d{1,9})?$/, {
      error: 'is not a price; write USD per 1,000,000 tokens with at most nine places, such as "0.075"',
    }),
  )
  .transform((text) => {
    const [whole = '0', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(9, '0'));
  });

const tokens = z.int().min(1).max(100_000_000);

const ratesSchema = z.strictObject({
  input: usdPerMtok,
  output: usdPerMtok,
  cached_input: usdPerMtok.optional(),
  cache_write: usdPerMtok.optional(),
  cache_write_1h: usdPerMtok.optional(),
});

const supportsSchema = z.strictObject({
  vision: z.boolean().optional(),
  tools: z.boolean().optional(),
  json_schema: z.boolean().optional(),
  reasoning: z.boolean().optional(),
});

const name = z.string().min(1).max(200);

const modelFacts = {
  upstream_model: name.optional(),
  aliases: z.array(name).optional(),
  usd_per_mtok: ratesSchema.optional(),
  long_context: z
    .strictObject({ above_input_tokens: tokens, usd_per_mtok: ratesSchema })
    .nullable()
    .optional(),
  context_window: tokens.optional(),
  max_input_tokens: tokens.optional(),
  max_output_tokens: tokens.optional(),
  default_max_output_tokens: tokens.max(16_384).optional(),
  supports: supportsSchema.optional(),
  /** At most how many tokens one image costs. */
  image_tokens_max: z.int().min(0).max(1_000_000).optional(),
};

/**
 * One entry of MODELS_FILE: a known id is overridden field by field, a new one needs price, context and
 * output limit.
 */
const fileModelSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*\/.+$/, { error: 'is not provider/model, such as "openai/gpt-5-mini"' }),
  ...modelFacts,
  /** Which of OpenAI's APIs it is asked through; by its name when left out. */
  api: z.enum(['responses', 'chat']).optional(),
});

/** MODELS_FILE. `about` is for the reader. */
export const modelsFileSchema = z.strictObject({
  about: z.string().optional(),
  models: z.array(fileModelSchema),
});

const limit = z.int().min(1);

const providerSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, { error: 'is not a name of small letters, digits and dashes' }),
  base_url: z.url({
    protocol: /^https?$/,
    error: 'is not an http(s) URL; OpenAI-compatible ones usually end in /v1',
  }),
  api_key_env: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, { error: 'is not the NAME of an environment variable, such as GROQ_API_KEY' })
    .optional(),
  limits: z
    .strictObject({
      requests_per_minute: limit.optional(),
      tokens_per_minute: limit.optional(),
      max_concurrency: limit.optional(),
    })
    .optional(),
  quirks: quirksSchema.optional(),
  models: z.array(z.strictObject({ model: name, ...modelFacts })).min(1),
});

/** PROVIDERS_FILE: upstreams that speak OpenAI's chat completions. */
export const providersFileSchema = z.strictObject({
  about: z.string().optional(),
  providers: z.array(providerSchema),
});

export type FileModel = z.infer<typeof fileModelSchema>;
export type FileProvider = z.infer<typeof providerSchema>;
