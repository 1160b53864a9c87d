import { expect, test } from 'vitest';
import { createSlowReceivers } from '../../../src/workers/deliveries/slow-receivers.ts';

const taken = (
  slow: ReturnType<typeof createSlowReceivers>,
  slots: number,
  held: [string, number][] = [],
) => {
  const map = new Map(held);
  slow.shareOut(map, slots, 8);
  return Object.fromEntries(map);
};

test('slow receivers share the slots there are, and all their others are taken', () => {
  const slow = createSlowReceivers();
  slow.add('a');
  slow.add('b');
  expect(taken(slow, 6)).toEqual({ a: 5, b: 5 });
  expect(taken(slow, 0)).toEqual({ a: 8, b: 8 });
});

test('where there are fewer slots than receivers, each has its turn', () => {
  const slow = createSlowReceivers();
  for (const name of ['a', 'b', 'c']) slow.add(name);
  const served = [1, 2, 3].map(() => Object.entries(taken(slow, 1)).find(([, n]) => n === 7)?.[0]);
  expect(new Set(served).size).toBe(3);
});

test('what a receiver holds counts towards its share', () => {
  const slow = createSlowReceivers();
  slow.add('a');
  expect(taken(slow, 8, [['a', 6]])).toEqual({ a: 6 });
});

test('a receiver is slow until it answers quickly, or has not been slow for ten minutes', () => {
  let now = 0;
  const slow = createSlowReceivers(() => now);
  slow.add('a');
  slow.add('b');
  slow.remove('a');
  expect([slow.has('a'), slow.has('b')]).toEqual([false, true]);
  now = 600_000;
  slow.add('c');
  expect([slow.has('b'), slow.has('c')]).toEqual([false, true]);
});
