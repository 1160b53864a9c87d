import type { Prices, Rates } from '../../catalogue/model.ts';
import type { Usage } from '../../chat/usage.ts';
import type { NanoUsd } from './money.ts';

const tokensPerPrice = 1_000_000n;

/** Nano-USD × tokens at "per 1,000,000 tokens", rounded up to a whole nano-USD. */
export function costOf(nanoUsdTimesTokens: bigint): NanoUsd {
  return (nanoUsdTimesTokens + tokensPerPrice - 1n) / tokensPerPrice;
}

/**
 * The rates for a prompt of this size: above the threshold the whole request, output too, is at the
 * long-context ones.
 */
function ratesFor(prices: Prices, promptTokens: number): Rates {
  const long = prices.longContext;
  return long !== undefined && promptTokens > long.aboveInputTokens ? long : prices;
}

/**
 * What `usage` costs in nano-USD, rounded up once. Cached and cache-written tokens are part of the prompt and
 * priced apart; reasoning is part of the output and priced as output (all three providers bill it so).
 *
 * `⌈(fresh × input + cached × cachedInput + written × cacheWrite + writtenForAnHour × cacheWriteHour +
 * completion × output) / 1,000,000⌉`
 *
 * Usage must have passed `checkUsage`. Source: the providers' price pages, as gathered in
 * docs/decisions/prices-and-token-bound.md.
 */
export function priceUsage(prices: Prices, usage: Usage): NanoUsd {
  const rates = ratesFor(prices, usage.promptTokens);
  const fresh = usage.promptTokens - usage.cachedTokens - usage.cacheWriteTokens;
  const forAnHour = usage.cacheWriteHourTokens ?? 0;
  return costOf(
    BigInt(fresh) * rates.input +
      BigInt(usage.cachedTokens) * rates.cachedInput +
      BigInt(usage.cacheWriteTokens - forAnHour) * rates.cacheWrite +
      BigInt(forAnHour) * rates.cacheWriteHour +
      BigInt(usage.completionTokens) * rates.output,
  );
}

type TextRates = { [Rate in keyof Rates]: string };

/**
 * Prices as JSON can hold them: decimal strings of nano-USD per 1,000,000 tokens. Stored with a job at
 * intake.
 */
export type StoredPrices = TextRates & { longContext?: TextRates & { aboveInputTokens: number } };

const textRates = (rates: Rates): TextRates => ({
  input: `${rates.input}`,
  output: `${rates.output}`,
  cachedInput: `${rates.cachedInput}`,
  cacheWrite: `${rates.cacheWrite}`,
  cacheWriteHour: `${rates.cacheWriteHour}`,
});

const exactRates = (rates: TextRates): Rates => ({
  input: BigInt(rates.input),
  output: BigInt(rates.output),
  cachedInput: BigInt(rates.cachedInput),
  cacheWrite: BigInt(rates.cacheWrite),
  cacheWriteHour: BigInt(rates.cacheWriteHour),
});

/** Prices → JSON-safe text, exactly. */
export function storePrices({ longContext, ...rates }: Prices): StoredPrices {
  if (longContext === undefined) return textRates(rates);
  const { aboveInputTokens } = longContext;
  return { ...textRates(rates), longContext: { ...textRates(longContext), aboveInputTokens } };
}

/**
 * The prices a job was accepted at, as `storePrices` wrote them. Throws SyntaxError on text that is not a
 * whole number.
 */
export function restorePrices({ longContext, ...rates }: StoredPrices): Prices {
  if (longContext === undefined) return exactRates(rates);
  const { aboveInputTokens } = longContext;
  return { ...exactRates(rates), longContext: { ...exactRates(longContext), aboveInputTokens } };
}
