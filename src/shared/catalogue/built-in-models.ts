import { z } from 'zod';
import type { ImageRule } from './image-rule.ts';
import type { ModelEntry, Rates } from './model.ts';
import { openaiApiOf } from './model-traits.ts';
import generated from './models.json' with { type: 'json' };

const nano = z
  .string()
  .regex(/^[1-9]\d*$/)
  .transform(BigInt);

const rates = z
  .strictObject({ input: nano, output: nano, cached_input: nano, cache_write: nano, cache_write_1h: nano })
  .transform(
    (row): Rates => ({
      input: row.input,
      output: row.output,
      cachedInput: row.cached_input,
      cacheWrite: row.cache_write,
      cacheWriteHour: row.cache_write_1h,
    }),
  );

const imageRule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tiles'), base: z.int(), tile: z.int() }),
  z
    .strictObject({ kind: z.literal('patches'), patches_max: z.int(), multiplier_permille: z.int() })
    .transform(
      (rule): ImageRule => ({
        kind: 'patches',
        patchesMax: rule.patches_max,
        multiplierPermille: rule.multiplier_permille,
      }),
    ),
  z
    .strictObject({ kind: z.literal('area'), tokens_max: z.int() })
    .transform((rule): ImageRule => ({ kind: 'area', tokensMax: rule.tokens_max })),
  z.strictObject({ kind: z.literal('gemini-tiles') }),
  z.strictObject({ kind: z.literal('fixed'), tokens: z.int() }),
]);

const model = z.object({
  id: z.string(),
  status: z.string(),
  api: z.enum(['responses', 'chat']).optional(),
  aliases: z.array(z.string()),
  context_window: z.int(),
  max_input_tokens: z.int(),
  max_output_tokens: z.int(),
  default_max_output_tokens: z.int().max(16_384),
  supports: z.strictObject({
    vision: z.boolean(),
    tools: z.boolean(),
    json_schema: z.boolean(),
    reasoning: z.boolean(),
  }),
  tokenizer: z.enum(['openai', 'anthropic', 'anthropic-newer', 'google']),
  image_tokens: imageRule,
  nano_usd_per_mtok: rates,
  long_context: z.object({ above_input_tokens: z.int(), nano_usd_per_mtok: rates }).nullable(),
});

const catalogueFile = z.object({ price_version: z.string(), as_of: z.string(), models: z.array(model) });

/** The providers the gateway has its own SDK for. */
export const ownProviders = ['openai', 'anthropic', 'google'] as const;

function toEntry(row: z.infer<typeof model>, priceVersion: string): ModelEntry {
  const slash = row.id.indexOf('/');
  const provider = row.id.slice(0, slash);
  const kind = ownProviders.find((own) => own === provider);
  if (kind === undefined) throw new Error(`models.json: ${row.id} is of a provider we have no SDK for`);
  const long = row.long_context;
  const upstreamModel = row.id.slice(slash + 1);
  return {
    id: row.id,
    provider,
    kind,
    upstreamModel,
    api: row.api ?? openaiApiOf(kind, upstreamModel),
    aliases: row.aliases,
    prices: {
      ...row.nano_usd_per_mtok,
      ...(long === null
        ? {}
        : { longContext: { ...long.nano_usd_per_mtok, aboveInputTokens: long.above_input_tokens } }),
    },
    priceVersion,
    contextWindow: row.context_window,
    maxInputTokens: row.max_input_tokens,
    maxOutputTokens: row.max_output_tokens,
    defaultMaxOutputTokens: row.default_max_output_tokens,
    supports: row.supports,
    tokenizer: row.tokenizer,
    imageTokens: row.image_tokens,
  };
}

/**
 * The models of models.json that their provider still serves, with the version and date of that price list.
 */
export function builtInModels(): { asOf: string; priceVersion: string; models: ModelEntry[] } {
  const file = catalogueFile.parse(generated);
  const models = file.models
    .filter((row) => !row.status.startsWith('retired'))
    .map((row) => toEntry(row, file.price_version));
  return { asOf: file.as_of, priceVersion: file.price_version, models };
}
