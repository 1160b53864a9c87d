import type { ModelEntry } from '../../../src/shared/catalogue/model.ts';

const usd = 1_000_000_000n;

/** A small model to price with: 1 USD in, 5 USD out, 0.1 cached, 1.25 written, 2 written for an hour. */
export function someModel(facts: Partial<ModelEntry> = {}): ModelEntry {
  return {
    id: 'openai/some',
    provider: 'openai',
    kind: 'openai',
    upstreamModel: 'some',
    aliases: [],
    prices: {
      input: usd,
      output: 5n * usd,
      cachedInput: usd / 10n,
      cacheWrite: (5n * usd) / 4n,
      cacheWriteHour: 2n * usd,
    },
    priceVersion: 'test',
    contextWindow: 128_000,
    maxInputTokens: 100_000,
    maxOutputTokens: 20_000,
    defaultMaxOutputTokens: 16_384,
    supports: { vision: true, tools: true, json_schema: true, reasoning: false },
    tokenizer: 'openai',
    imageTokens: { kind: 'tiles', base: 85, tile: 170 },
    ...facts,
  };
}
