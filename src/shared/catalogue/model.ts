import type { ImageRule } from './image-rule.ts';

/** Prices of one kind of use, in nano-USD per 1,000,000 tokens. */
export type Rates = {
  input: bigint;
  output: bigint;
  cachedInput: bigint;
  /** Writing to the provider's prompt cache: Anthropic's five-minute one, OpenAI's only one. */
  cacheWrite: bigint;
  /** Anthropic's one-hour cache; the same as `cacheWrite` where there is no such thing. */
  cacheWriteHour: bigint;
};

/**
 * A model's prices. The long-context rates are for the WHOLE request once its prompt is above the threshold.
 */
export type Prices = Rates & { longContext?: Rates & { aboveInputTokens: number } };

/** Which SDK and wire a model is reached through; `compatible` is any upstream that speaks OpenAI's. */
export type ProviderKind = 'openai' | 'anthropic' | 'google' | 'compatible';

/** Which of OpenAI's two APIs a model is asked through. */
export type OpenaiApi = 'responses' | 'chat';

/** Whose tokenizer counts the prompt; decides how our own count is widened into a bound. */
export type TokenizerFamily = 'openai' | 'anthropic' | 'anthropic-newer' | 'google' | 'unknown';

/** One model the gateway can price and call. There is no such thing as a model without prices. */
export type ModelEntry = {
  /** `provider/model`: what jobs, answers and lists show. */
  id: string;
  provider: string;
  kind: ProviderKind;
  /** What the provider itself calls it. */
  upstreamModel: string;
  /** The API of OpenAI that the model is asked through; left out where either does. */
  api?: OpenaiApi | undefined;
  aliases: string[];
  prices: Prices;
  /** Names the price list these prices came from; stored with each job. */
  priceVersion: string;
  contextWindow: number;
  maxInputTokens: number;
  maxOutputTokens: number;
  /** Output bound when a request gives none; at most 16,384. */
  defaultMaxOutputTokens: number;
  supports: { vision: boolean; tools: boolean; json_schema: boolean; reasoning: boolean };
  tokenizer: TokenizerFamily;
  imageTokens: ImageRule;
};
