import { formatUsd, type NanoUsd } from '../../../shared/money/rules/money.ts';

type ModelPrices = { input: NanoUsd; output: NanoUsd; cachedInput: NanoUsd; cacheWrite: NanoUsd };

/**
 * What a model object is made of; the catalogue's entries have more. Prices are nano-USD per 1,000,000
 * tokens.
 */
export type ListedModel = {
  id: string;
  provider: string;
  aliases: readonly string[];
  prices: ModelPrices;
  contextWindow: number;
  maxInputTokens: number;
  maxOutputTokens: number;
  defaultMaxOutputTokens: number;
  supports: { vision: boolean; tools: boolean; json_schema: boolean; reasoning: boolean };
};

/**
 * What the model routes need. A model whose provider is not among `providers` cannot be used and is not
 * shown.
 */
export type ModelsDeps = {
  catalogue: { list(): readonly ListedModel[]; find(name: string): ListedModel | null };
  providers: readonly { name: string; simulated: boolean }[];
};

/** No catalogue knows when a model was made; clients only want a number. */
export const createdSeconds = 1_735_689_600;

/** The models that can be used now, with whether the simulator stands in for them. */
export function usableModels(deps: ModelsDeps): { model: ListedModel; simulated: boolean }[] {
  return deps.catalogue.list().flatMap((model) => withProvider(deps, model));
}

/** One of them, by id or alias; null when it is unknown or its provider is not configured. */
export function findUsableModel(
  deps: ModelsDeps,
  name: string,
): { model: ListedModel; simulated: boolean } | null {
  const model = deps.catalogue.find(name);
  return model === null ? null : (withProvider(deps, model)[0] ?? null);
}

function withProvider(deps: ModelsDeps, model: ListedModel) {
  const provider = deps.providers.find(({ name }) => name === model.provider);
  return provider === undefined ? [] : [{ model, simulated: provider.simulated }];
}

/** A model as OpenAI's SDK reads it; what is ours is under `gateway`. */
export function toModelObject({ model, simulated }: { model: ListedModel; simulated: boolean }) {
  return {
    id: model.id,
    object: 'model' as const,
    created: createdSeconds,
    owned_by: model.provider,
    gateway: {
      aliases: [...model.aliases],
      input_usd_per_mtok: formatUsd(model.prices.input),
      output_usd_per_mtok: formatUsd(model.prices.output),
      cached_input_usd_per_mtok: formatUsd(model.prices.cachedInput),
      cache_write_usd_per_mtok: formatUsd(model.prices.cacheWrite),
      context_window: model.contextWindow,
      max_input_tokens: model.maxInputTokens,
      max_output_tokens: model.maxOutputTokens,
      default_max_output_tokens: model.defaultMaxOutputTokens,
      supports: model.supports,
      simulated,
    },
  };
}
