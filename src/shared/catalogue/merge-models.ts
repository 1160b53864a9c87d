import { createHash } from 'node:crypto';
import type { FileModel } from './file-schemas.ts';
import type { ModelEntry, Prices, ProviderKind, Rates } from './model.ts';
import { openaiApiOf } from './model-traits.ts';

type FileRates = NonNullable<FileModel['usd_per_mtok']>;
type FileLong = FileModel['long_context'];

/** The facts of a model that are not its name; the same in both files. */
export type FileFacts = Omit<FileModel, 'id'>;

const outputDefaultMax = 16_384;
/**
 * As much as the largest images of known open models; an operator who knows better says `image_tokens_max`.
 */
const imageTokensUnknown = 16_384;

/** Rates not written are the input price: no discount is assumed that nobody promised. */
function ratesOf(row: FileRates): Rates {
  const cacheWrite = row.cache_write ?? row.input;
  return {
    input: row.input,
    output: row.output,
    cachedInput: row.cached_input ?? row.input,
    cacheWrite,
    cacheWriteHour: row.cache_write_1h ?? cacheWrite,
  };
}

function longOf(long: FileLong): Pick<Prices, 'longContext'> {
  if (long === null || long === undefined) return {};
  return { longContext: { ...ratesOf(long.usd_per_mtok), aboveInputTokens: long.above_input_tokens } };
}

/**
 * Names a price the operator wrote, so a stored charge can be traced to it: the same price has the same
 * version.
 */
function versionOf(id: string, prices: Prices): string {
  const text = JSON.stringify([id, prices], (_key, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  return `file-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

function overriddenPrices(base: ModelEntry, facts: FileFacts): Pick<ModelEntry, 'prices' | 'priceVersion'> {
  if (facts.usd_per_mtok === undefined && facts.long_context === undefined) return base;
  const { longContext, ...rates } = base.prices;
  const standard = facts.usd_per_mtok === undefined ? rates : ratesOf(facts.usd_per_mtok);
  // New standard prices drop the old long-context step: keeping it would mix two price lists.
  const isStepKept = facts.long_context === undefined && facts.usd_per_mtok === undefined;
  const kept = isStepKept && longContext !== undefined ? { longContext } : {};
  const prices = { ...standard, ...kept, ...longOf(facts.long_context) };
  return { prices, priceVersion: versionOf(base.id, prices) };
}

/** A known model with what the operator wrote about it put over it. */
export function overrideModel(base: ModelEntry, facts: FileFacts): ModelEntry {
  const maxOutputTokens = facts.max_output_tokens ?? base.maxOutputTokens;
  const contextWindow = facts.context_window ?? base.contextWindow;
  return {
    ...base,
    ...overriddenPrices(base, facts),
    ...upstreamOf(base, facts),
    aliases: facts.aliases ?? base.aliases,
    contextWindow,
    maxInputTokens: facts.max_input_tokens ?? Math.min(base.maxInputTokens, contextWindow),
    maxOutputTokens,
    defaultMaxOutputTokens: Math.min(
      facts.default_max_output_tokens ?? base.defaultMaxOutputTokens,
      maxOutputTokens,
    ),
    supports: { ...base.supports, ...written(facts.supports) },
    ...(facts.image_tokens_max === undefined
      ? {}
      : { imageTokens: { kind: 'fixed', tokens: facts.image_tokens_max } }),
  };
}

/** Another model behind a name is asked through the API which that one needs. */
function upstreamOf(base: ModelEntry, facts: FileFacts): Pick<ModelEntry, 'upstreamModel' | 'api'> {
  const { upstream_model: upstreamModel = base.upstreamModel } = facts;
  const isSame = upstreamModel === base.upstreamModel;
  return { upstreamModel, api: facts.api ?? (isSame ? base.api : openaiApiOf(base.kind, upstreamModel)) };
}

/** Zod writes absent keys as undefined; over a default they must count as not written. */
function written(supports: FileFacts['supports']): Partial<ModelEntry['supports']> {
  return Object.fromEntries(Object.entries(supports ?? {}).filter(([, value]) => value !== undefined));
}

/** What a model unknown to the catalogue must say; empty when it says it. */
export function missingFacts(facts: FileFacts): { path: string; message: string }[] {
  const needed = {
    usd_per_mtok:
      'has no price; write {"input", "output"} in USD per 1,000,000 tokens ("0" when it is free to you)',
    context_window: 'is missing; write how many tokens the model can read and write together',
    max_output_tokens: 'is missing; write how many tokens the model can write',
  } as const;
  return Object.entries(needed)
    .filter(([path]) => facts[path as keyof typeof needed] === undefined)
    .map(([path, message]) => ({ path, message }));
}

/** A model the catalogue does not know, from facts that `missingFacts` found nothing missing in. */
export function newModel(provider: string, kind: ProviderKind, name: string, facts: FileFacts): ModelEntry {
  const { usd_per_mtok, context_window = 0, max_output_tokens = 0 } = facts;
  if (usd_per_mtok === undefined) throw new Error(`${provider}/${name} has no price`);
  const id = `${provider}/${name}`;
  const prices = { ...ratesOf(usd_per_mtok), ...longOf(facts.long_context) };
  const blank: ModelEntry = {
    id,
    provider,
    kind,
    upstreamModel: name,
    api: openaiApiOf(kind, name),
    aliases: [],
    prices,
    priceVersion: versionOf(id, prices),
    contextWindow: context_window,
    maxInputTokens: context_window,
    maxOutputTokens: max_output_tokens,
    defaultMaxOutputTokens: Math.min(outputDefaultMax, max_output_tokens),
    supports: { vision: false, tools: false, json_schema: false, reasoning: false },
    tokenizer: tokenizerOf(kind),
    imageTokens: { kind: 'fixed', tokens: imageTokensUnknown },
  };
  return overrideModel(blank, facts);
}

/** A new model of a known provider is taken for its newest tokenizer, the most expensive. */
function tokenizerOf(kind: ProviderKind): ModelEntry['tokenizer'] {
  if (kind === 'compatible') return 'unknown';
  return kind === 'anthropic' ? 'anthropic-newer' : kind;
}
