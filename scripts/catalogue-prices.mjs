// The arithmetic and the checks of refresh-catalogue.mjs: prices as text in, whole nano-USD as text out.

const sourceKeys = {
  input: 'input_mtok',
  output: 'output_mtok',
  cached_input: 'cache_read_mtok',
  cache_write: 'cache_write_mtok',
  cache_write_1h: 'cache_write_1h_mtok',
};
const rateNames = Object.keys(sourceKeys);

/** Decimal USD → whole nano-USD as text, without ever multiplying a float. */
export function toNano(usd) {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(String(usd));
  if (match === null) throw new Error(`${usd} is not a decimal with at most nine places`);
  return String(BigInt(match[1] + (match[2] ?? '').padEnd(9, '0')));
}

/** The price in force on `asOf` and the first one after it, which stays inactive until a later run. */
export function priceOn(prices, asOf) {
  if (!Array.isArray(prices)) return { current: prices, next: null };
  if (prices.some((row) => row.constraint !== undefined && row.constraint.type !== 'start_date')) {
    throw new Error('prices by time of day are not supported');
  }
  const startOf = (row) => row.constraint?.start_date ?? '';
  const rows = prices.toSorted((a, b) => startOf(a).localeCompare(startOf(b)));
  const next = rows.find((row) => startOf(row) > asOf);
  return {
    current: rows.findLast((row) => startOf(row) <= asOf).prices,
    next: next === undefined ? null : { from: startOf(next), prices: next.prices },
  };
}

/**
 * genai-prices' row → our standard rates and the long-context step (one step only; all rates step at one
 * place).
 */
export function ratesFromSource(row) {
  const usd = {};
  const longUsd = {};
  const starts = new Set();
  for (const [name, key] of Object.entries(sourceKeys)) {
    const price = row[key];
    if (price === undefined) continue;
    usd[name] = String(price.base ?? price);
    for (const tier of price.tiers ?? []) {
      starts.add(tier.start);
      longUsd[name] = String(tier.price);
    }
  }
  if (starts.size > 1) throw new Error('more than one long-context step');
  const [start] = starts;
  return start === undefined ? { usd } : { usd, long: { above_input_tokens: start, usd: longUsd } };
}

/**
 * Every rate present and in nano-USD. No cache discount known: the input price; no cache-write price known:
 * the same.
 */
export function complete(usd) {
  const rates = Object.fromEntries(Object.entries(usd).map(([name, price]) => [name, toNano(price)]));
  const cacheWrite = rates.cache_write ?? rates.input;
  const full = { cached_input: rates.input, cache_write: cacheWrite, cache_write_1h: cacheWrite, ...rates };
  return Object.fromEntries(rateNames.map((name) => [name, full[name]]));
}

/** What a believable price row obeys; every rule here has caught a real slip in some published catalogue. */
export function checkRates(rates) {
  const [input, output, cached, write, writeHour] = rateNames.map((name) => BigInt(rates[name]));
  const problems = [];
  if (input <= 0n) problems.push('input is not above zero');
  if (output < input) problems.push('output is cheaper than input');
  if (cached > input) problems.push('cached input is dearer than input');
  if (write < input || write > 2n * input) problems.push('a cache write is not within 1 to 2 times input');
  if (writeHour < write || writeHour > 2n * input) problems.push('a one-hour cache write is out of range');
  return problems;
}

/**
 * Models whose price moved more than 3 times either way since the last run: usually a slip of a decimal
 * place.
 */
export function jumps(previous, entries, accepted) {
  const before = new Map(previous.map((entry) => [entry.id, entry.nano_usd_per_mtok]));
  return entries.flatMap((entry) => {
    const old = before.get(entry.id);
    if (old === undefined || accepted.includes(entry.id)) return [];
    return rateNames
      .filter((name) => {
        const [was, is] = [BigInt(old[name]), BigInt(entry.nano_usd_per_mtok[name])];
        return is > 3n * was || was > 3n * is;
      })
      .map((name) => `${entry.id}: ${name} moved from ${old[name]} to ${entry.nano_usd_per_mtok[name]}`);
  });
}
