import type { Prices } from '../catalogue/model.ts';
import type { QuoteTarget } from '../quoting/quote.ts';

/** Targets as JSON for the database: the prices fixed at intake, each amount as a decimal string. */
export function storeTargets(targets: QuoteTarget[]): string {
  return JSON.stringify(targets.map((target) => ({ ...target, prices: storedPricesOf(target.prices) })));
}

/** Prices stand in the catalogue and are the same objects for every job; they are turned into texts once. */
const storedPrices = new WeakMap<Prices, object>();

function storedPricesOf(prices: Prices): object {
  const known = storedPrices.get(prices);
  if (known !== undefined) return known;
  const stored = JSON.parse(JSON.stringify(prices, writeAmount)) as object;
  storedPrices.set(prices, stored);
  return stored;
}

const writeAmount = (_key: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

/** The inverse of storeTargets, from the parsed JSON. */
export function restoreTargets(stored: unknown): QuoteTarget[] {
  return (stored as QuoteTarget[]).map((target) => ({ ...target, prices: restorePrices(target.prices) }));
}

function restorePrices(stored: Prices): Prices {
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [name, restoreAmounts(value)]),
  ) as unknown as Prices;
}

/** Amounts are decimal strings; everything else (a token threshold) is a number and stays one. */
function restoreAmounts(value: unknown): unknown {
  if (typeof value === 'string') return BigInt(value);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, restoreAmounts(inner)]));
  }
  return value;
}
