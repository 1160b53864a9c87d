import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Prices, Rates } from '../../../../src/shared/catalogue/model.ts';
import type { Usage } from '../../../../src/shared/chat/usage.ts';
import { priceUsage, restorePrices, storePrices } from '../../../../src/shared/money/rules/price.ts';

const rates = (input: bigint, output: bigint, cachedInput = input, cacheWrite = input): Rates => ({
  input,
  output,
  cachedInput,
  cacheWrite,
  cacheWriteHour: cacheWrite,
});

const usd = 1_000_000_000n;
/** 2 in, 10 out, 0.2 cached, 2.5 written; twice that (output 1.5 times) above 272,000 prompt tokens. */
const stepped: Prices = {
  ...rates(2n * usd, 10n * usd, usd / 5n, (5n * usd) / 2n),
  longContext: {
    ...rates(4n * usd, 15n * usd, (2n * usd) / 5n, 5n * usd),
    aboveInputTokens: 272_000,
  },
};

const usage = (
  promptTokens: number,
  completionTokens: number,
  cachedTokens = 0,
  cacheWriteTokens = 0,
): Usage => ({
  promptTokens,
  completionTokens,
  cachedTokens,
  cacheWriteTokens,
  reasoningTokens: 0,
});

describe('what usage costs, in nano-USD', () => {
  test.each([
    ['nothing costs nothing', usage(0, 0), 0n],
    ['input at its price', usage(1_000, 0), 2_000_000n],
    ['output at its price', usage(0, 1_000), 10_000_000n],
    ['cached input at the cached price, the rest in full', usage(1_000, 0, 600), 800_000n + 120_000n],
    ['cache writes at their price', usage(1_000, 0, 0, 400), 1_200_000n + 1_000_000n],
    [
      'fresh, cached, written and output together',
      usage(1_000, 500, 300, 200),
      1_000_000n + 60_000n + 500_000n + 5_000_000n,
    ],
    ['at the long-context threshold: the standard prices', usage(272_000, 1_000), 544_000_000n + 10_000_000n],
    [
      'one token above: the whole request, output too, at the long ones',
      usage(272_001, 1_000),
      1_088_004_000n + 15_000_000n,
    ],
    ['cached tokens count towards the threshold', usage(300_000, 0, 300_000), 120_000_000n],
  ])('%s', (_promise, used, cost) => {
    expect(priceUsage(stepped, used)).toBe(cost);
  });

  test.each([
    ['one token at 0.000001 USD per million rounds up to one nano-USD', 1n, usage(1, 0), 1n],
    ['a whole amount is not rounded', 1_000_000n, usage(3, 0), 3n],
    ['2.5 nano-USD rounds up once', 2_500_000n, usage(1, 0), 3n],
    ['two halves make one whole: rounding is per job, not per part', 500_000n, usage(1, 1), 1n],
    ['a price of zero is free', 0n, usage(1_000_000, 1_000_000), 0n],
  ])('%s', (_promise, price, used, cost) => {
    expect(priceUsage(rates(price, price), used)).toBe(cost);
  });

  it('does not lose a nano-USD on the dearest model and the largest request', () => {
    const used = usage(100_000_000, 100_000_000);
    expect(priceUsage(rates(30n * usd, 180n * usd), used)).toBe(21_000n * usd);
  });

  it('never falls when more tokens are used', () => {
    const count = fc.nat(500_000);
    fc.assert(
      fc.property(count, count, count, (prompt, completion, more) => {
        const less = priceUsage(stepped, usage(prompt, completion));
        expect(priceUsage(stepped, usage(prompt + more, completion))).toBeGreaterThanOrEqual(less);
        expect(priceUsage(stepped, usage(prompt, completion + more))).toBeGreaterThanOrEqual(less);
      }),
    );
  });
});

describe('prices stored with a job', () => {
  it('come back from JSON exactly as they were', () => {
    for (const prices of [stepped, rates(1n, 2n)]) {
      expect(restorePrices(JSON.parse(JSON.stringify(storePrices(prices))))).toEqual(prices);
    }
  });
});
