import { describe, expect, it, test } from 'vitest';

// A plain script without types: loaded by URL, so that the compiler does not look for them.
const script = new URL('../../scripts/catalogue-prices.mjs', import.meta.url).href;
const { checkRates, complete, jumps, priceOn, ratesFromSource, toNano } = await import(script);

describe('importing prices', () => {
  test.each([
    ['2', '2000000000'],
    [0.075, '75000000'],
    ['0.000000001', '1'],
    ['18.75', '18750000000'],
  ])('reads %s USD as exactly %s nano-USD', (usd, nano) => {
    expect(toNano(usd)).toBe(nano);
  });

  test.each(['1e-7', '-1', '0.0000000001', 'free', ''])('does not read %j', (usd) => {
    expect(() => toNano(usd)).toThrow('is not a decimal');
  });

  it('assumes no discount nobody promised', () => {
    expect(complete({ input: '1', output: '5' })).toMatchObject({
      cached_input: '1000000000',
      cache_write: '1000000000',
      cache_write_1h: '1000000000',
    });
  });

  test.each([
    ['output cheaper than input', { input: '2', output: '1' }, 'output is cheaper than input'],
    [
      'cached input dearer than input',
      { input: '1', output: '2', cached_input: '3' },
      'cached input is dearer',
    ],
    ['an absurd cache write', { input: '1', output: '2', cache_write: '3' }, 'a cache write is not within'],
    ['a price of nothing', { input: '0', output: '2' }, 'input is not above zero'],
  ])('stops at %s', (_what, usd, problem) => {
    expect(checkRates(complete(usd)).join()).toContain(problem);
  });

  it('uses the price of the day, and only announces a later one', () => {
    const row = (input: number) => ({ input_mtok: input, output_mtok: 9 });
    const from = (start_date: string) => ({ constraint: { type: 'start_date', start_date } });
    const history = [
      { prices: row(3) },
      { ...from('2026-05-01'), prices: row(2) },
      { ...from('2027-01-01'), prices: row(4) },
    ];
    expect(priceOn(history, '2026-11-23')).toEqual({
      current: row(2),
      next: { from: '2027-01-01', prices: row(4) },
    });
    expect(priceOn(history, '2027-01-01')).toEqual({ current: row(4), next: null });
  });

  it('takes one long-context step, and refuses two', () => {
    const stepped = (start: number) => ({ base: 1, tiers: [{ start, price: 2 }] });
    expect(ratesFromSource({ input_mtok: stepped(9), output_mtok: stepped(9) })).toEqual({
      usd: { input: '1', output: '1' },
      long: { above_input_tokens: 9, usd: { input: '2', output: '2' } },
    });
    expect(() => ratesFromSource({ input_mtok: stepped(9), output_mtok: stepped(8) })).toThrow(
      'more than one',
    );
  });

  it('flags a price that moved more than 3 times, unless it was accepted', () => {
    const entry = (input: string) => ({
      id: 'openai/x',
      nano_usd_per_mtok: complete({ input, output: '10' }),
    });
    expect(jumps([entry('1')], [entry('3')], [])).toEqual([]);
    expect(jumps([entry('1')], [entry('0.1')], []).join()).toContain('openai/x: input moved');
    expect(jumps([entry('1')], [entry('4')], ['openai/x'])).toEqual([]);
  });
});
