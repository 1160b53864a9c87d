// Writes src/shared/catalogue/models.json from the maintained price source @pydantic/genai-prices and our own
// overrides.json. A price that fails a check stops the run and nothing is written.
//
//   node scripts/refresh-catalogue.mjs                      prices as of today
//   node scripts/refresh-catalogue.mjs --as-of 2027-01-02   prices as of that day
//   node scripts/refresh-catalogue.mjs --accept openai/x    let this model's price move by more than 3 times
//   node scripts/refresh-catalogue.mjs --check              write nothing; fail if models.json is not what would be written
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findProvider } from '@pydantic/genai-prices';

const folder = new URL('../src/shared/catalogue/', import.meta.url);
const source = `genai-prices@${sourceVersion()}`;
const outputDefaultMax = 16_384;
const sourceKeys = {
  input: 'input_mtok',
  output: 'output_mtok',
  cached_input: 'cache_read_mtok',
  cache_write: 'cache_write_mtok',
  cache_write_1h: 'cache_write_1h_mtok',
};
const rateNames = Object.keys(sourceKeys);

function sourceVersion() {
  const lock = readJson(new URL('../package-lock.json', import.meta.url));
  return lock.packages['node_modules/@pydantic/genai-prices'].version;
}

function readJson(url) {
  return JSON.parse(readFileSync(url, 'utf8'));
}

/** Decimal USD → whole nano-USD as text, without ever multiplying a float. */
function toNano(usd) {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(String(usd));
  if (match === null) throw new Error(`${usd} is not a decimal with at most nine places`);
  return String(BigInt(match[1] + (match[2] ?? '').padEnd(9, '0')));
}

/** The price in force on `asOf` and the first one after it, which stays inactive until a later run. */
function priceOn(prices, asOf) {
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

/** genai-prices' row → our standard rates and the long-context step (one step only; all rates step at one place). */
function ratesFromSource(row) {
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

/** Every rate present and in nano-USD. No cache discount known: the input price; no cache-write price known: the same. */
function complete(usd) {
  const rates = Object.fromEntries(Object.entries(usd).map(([name, price]) => [name, toNano(price)]));
  const cacheWrite = rates.cache_write ?? rates.input;
  const full = { cached_input: rates.input, cache_write: cacheWrite, cache_write_1h: cacheWrite, ...rates };
  return Object.fromEntries(rateNames.map((name) => [name, full[name]]));
}

/** What a believable price row obeys; every rule here has caught a real slip in some published catalogue. */
function checkRates(rates) {
  const [input, output, cached, write, writeHour] = rateNames.map((name) => BigInt(rates[name]));
  const problems = [];
  if (input <= 0n) problems.push('input is not above zero');
  if (output < input) problems.push('output is cheaper than input');
  if (cached > input) problems.push('cached input is dearer than input');
  if (write < input || write > 2n * input) problems.push('a cache write is not within 1 to 2 times input');
  if (writeHour < write || writeHour > 2n * input) problems.push('a one-hour cache write is out of range');
  return problems;
}

function pricesOf(model, known, asOf) {
  const override = model.price_override;
  if (override !== undefined) {
    const { above_input_tokens, usd_per_mtok } = override.long_context ?? {};
    const long = usd_per_mtok && { above_input_tokens, usd: usd_per_mtok };
    return { rates: { usd: override.usd_per_mtok, long }, from: 'overrides', next: null };
  }
  if (known === undefined) throw new Error(`not in ${source}: give it a price_override or drop it`);
  const { current, next } = priceOn(known.prices, asOf);
  return { rates: ratesFromSource(current), from: source, next };
}

function buildEntry(model, known, asOf, imageRules) {
  const { rates, from, next } = pricesOf(model, known, asOf);
  const prices = complete(rates.usd);
  const entry = {
    id: model.id,
    status: model.status,
    aliases: model.aliases,
    context_window: model.context_window,
    max_input_tokens: model.max_input_tokens ?? model.context_window,
    max_output_tokens: model.max_output_tokens,
    default_max_output_tokens: Math.min(outputDefaultMax, model.max_output_tokens),
    supports: model.supports,
    tokenizer: model.tokenizer,
    image_tokens: model.image_rule === null ? { kind: 'fixed', tokens: 0 } : imageRules[model.image_rule],
    nano_usd_per_mtok: prices,
    long_context: rates.long
      ? { above_input_tokens: rates.long.above_input_tokens, nano_usd_per_mtok: complete(rates.long.usd) }
      : null,
    price_source: from,
    next_change: next && { from: next.from, nano_usd_per_mtok: complete(ratesFromSource(next.prices).usd) },
  };
  const problems = [
    ...checkRates(prices),
    ...(entry.long_context === null ? [] : checkRates(entry.long_context.nano_usd_per_mtok)),
  ];
  if (problems.length > 0) throw new Error(problems.join('; '));
  return entry;
}

/** A snapshot keeps its own name upstream, so a pinned version stays pinned; everything unsaid is its model's. */
function withSnapshots(entry, model) {
  const snapshots = model.snapshots.map(({ name, supports, ...facts }) => {
    const merged = { ...entry, ...facts, id: `${entry.id.split('/')[0]}/${name}`, aliases: [] };
    return {
      ...merged,
      max_input_tokens: merged.max_input_tokens ?? merged.context_window,
      default_max_output_tokens: Math.min(outputDefaultMax, merged.max_output_tokens),
      supports: { ...entry.supports, ...supports },
    };
  });
  return [entry, ...snapshots];
}

/** Models whose price moved more than 3 times either way since the last run: usually a slip of a decimal place. */
function jumps(previous, entries, accepted) {
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

function build(overrides, asOf) {
  const problems = [];
  const models = overrides.models.flatMap((model) => {
    const [provider, name] = model.id.split('/');
    const known = findProvider({ providerId: provider }).models.find((candidate) => candidate.id === name);
    if (known !== undefined && model.price_override !== undefined) {
      process.stderr.write(`note: ${source} now knows ${model.id}; drop its override if the prices agree\n`);
    }
    try {
      return withSnapshots(buildEntry(model, known, asOf, overrides.image_rules), model);
    } catch (error) {
      problems.push(`${model.id}: ${error.message}`);
      return [];
    }
  });
  return { models, problems };
}

function render(asOf, overrides, models) {
  const priced = models.map(({ id, nano_usd_per_mtok, long_context }) => [
    id,
    nano_usd_per_mtok,
    long_context,
  ]);
  const hash = createHash('sha256').update(JSON.stringify(priced)).digest('hex').slice(0, 12);
  const head = {
    about: 'Generated by scripts/refresh-catalogue.mjs. Do not edit: change overrides.json and run it again.',
    unit: 'nano-USD per 1,000,000 tokens',
    as_of: asOf,
    price_version: hash,
    sources: [source, `overrides of ${overrides.as_of}`],
  };
  const lines = models.map((model) => `    ${JSON.stringify(model)}`).join(',\n');
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "models": [\n${lines}\n  ]\n}\n`;
}

function main() {
  const { values: options } = parseArgs({
    options: {
      'as-of': { type: 'string' },
      accept: { type: 'string', multiple: true, default: [] },
      check: { type: 'boolean', default: false },
    },
  });
  const file = new URL('models.json', folder);
  const previousText = readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  const previous = previousText === '' ? { models: [] } : JSON.parse(previousText);
  const today = new Date().toISOString().slice(0, 10);
  const asOf = options['as-of'] ?? (options.check ? previous.as_of : today);
  const overrides = readJson(new URL('overrides.json', folder));
  const { models, problems } = build(overrides, asOf);
  problems.push(...jumps(previous.models, models, options.accept));
  const text = render(asOf, overrides, models);
  if (options.check && text !== previousText) problems.push('models.json differs from what would be written');
  if (problems.length > 0) {
    process.stderr.write(`${problems.join('\n')}\n`);
    process.exit(1);
  }
  if (!options.check) writeFileSync(file, text);
  process.stdout.write(`${models.length} models, prices as of ${asOf}\n`);
}

main();
