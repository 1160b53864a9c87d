import type { CompletionUsage } from './chat.ts';

/**
 * Tokens one call used. `promptTokens` counts everything that went in, cached and cache-written tokens
 * included; `completionTokens` everything that came out, reasoning included. So both are what OpenAI calls
 * them.
 */
export type Usage = {
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
  /**
   * Of the cache writes, those kept for an hour; left out when the provider does not report the lifetimes
   * apart.
   */
  cacheWriteHourTokens?: number;
  reasoningTokens: number;
};

/** More than any model can read or write in one call; a larger figure is a broken upstream. */
const tokensMax = 100_000_000;

/**
 * Usage as a provider reported it, or null when it cannot be trusted: a count that is missing, negative,
 * fractional or absurd, or a part greater than its whole.
 */
export function checkUsage(reported: { [Field in keyof Usage]: unknown }): Usage | null {
  if (!Object.values(reported).every(isCount)) return null;
  const usage = reported as Usage;
  const partsFit =
    usage.cachedTokens + usage.cacheWriteTokens <= usage.promptTokens &&
    (usage.cacheWriteHourTokens ?? 0) <= usage.cacheWriteTokens &&
    usage.reasoningTokens <= usage.completionTokens;
  return partsFit ? usage : null;
}

/** Whether this can be a number of tokens. */
export function isCount(count: unknown): count is number {
  return Number.isSafeInteger(count) && Number(count) >= 0 && Number(count) <= tokensMax;
}

/** The same as the `usage` object of a chat completion. */
export function toCompletionUsage(usage: Usage): CompletionUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}
