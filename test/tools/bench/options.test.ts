import { expect, test } from 'vitest';
import { readOptions } from '../../../tools/bench/options.ts';

test('without arguments everything is measured at full size and nothing is written', () => {
  expect(readOptions([])).toMatchObject({ sizeName: 'full', only: [], jsonFile: null });
});

test('a shorter run measures the same figures with less of everything', () => {
  const { size: full } = readOptions([]);
  for (const name of ['short', 'smoke'] as const) {
    const { size, sizeName } = readOptions([`--${name}`]);
    expect(sizeName).toBe(name);
    expect(Object.keys(size)).toEqual(Object.keys(full));
    expect(size.endToEnd.jobs).toBeLessThan(full.endToEnd.jobs);
    expect(size.streams.levels.length).toBeGreaterThan(0);
  }
});

test('some figures may be chosen, and a file for the result', () => {
  const options = readOptions(['--only', 'intake', '--only', 'webhooks', '--json', 'out.json']);
  expect(options).toMatchObject({ only: ['intake', 'webhooks'], jsonFile: 'out.json' });
});

test('a figure nobody knows is refused with those there are', () => {
  expect(() => readOptions(['--only', 'speed'])).toThrow(/one of intake, .*, not "speed"/);
});
