import type { Counts } from './reply.ts';

/**
 * How servers with OpenAI's wire report usage, each as its API reference has it: xAI counts reasoning beside
 * the completion, Google's endpoint does too and does not name it, DeepSeek and Moonshot name cached tokens
 * otherwise.
 */
export type UsageDialect = 'openai' | 'xai' | 'google' | 'deepseek' | 'moonshot' | 'groq' | 'responses';

const known: UsageDialect[] = ['openai', 'xai', 'google', 'deepseek', 'moonshot', 'groq', 'responses'];

/** The dialect a marker such as `[[usage:xai]]` asks for. */
export function readDialect(text: string): UsageDialect {
  const word = /\[\[usage:([a-z]+)\]\]/.exec(text)?.[1];
  return known.find((dialect) => dialect === word) ?? 'openai';
}

/** Counts in these words; `completion` is what is said of the output, which may be a lie. */
export function usageIn(dialect: UsageDialect, counts: Counts, completion: unknown): Record<string, unknown> {
  const { prompt, cached, cacheWrite, reasoning } = counts;
  const total = { total_tokens: prompt + counts.completion };
  const plain = { prompt_tokens: prompt, completion_tokens: completion, ...total };
  const words = { prompt_tokens: prompt, completion_tokens: counts.completion - reasoning, ...total };
  const thought = { completion_tokens_details: { reasoning_tokens: reasoning } };
  switch (dialect) {
    case 'xai':
      return { ...words, ...thought, prompt_tokens_details: { cached_tokens: cached } };
    case 'google':
      return words;
    case 'deepseek':
      return {
        ...plain,
        ...thought,
        prompt_cache_hit_tokens: cached,
        prompt_cache_miss_tokens: prompt - cached,
      };
    case 'moonshot':
      return { ...plain, cached_tokens: cached };
    case 'responses':
      return {
        input_tokens: prompt,
        output_tokens: completion,
        ...total,
        input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
        output_tokens_details: { reasoning_tokens: reasoning },
      };
    case 'groq':
    case 'openai':
      return {
        ...plain,
        ...thought,
        prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
      };
  }
}
