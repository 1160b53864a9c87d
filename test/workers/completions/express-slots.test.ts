import { expect, test } from 'vitest';
import { createExpressSlots } from '../../../src/workers/completions/express-slots.ts';

function openSlots(max: number) {
  const woken: string[] = [];
  return { slots: createExpressSlots(max, (provider) => woken.push(provider)), woken };
}

test('each provider has so many', () => {
  const { slots } = openSlots(2);
  expect([slots.take('a'), slots.take('a'), slots.take('a'), slots.take('b')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  slots.free('a');
  expect(slots.take('a')).toBe(true);
});

test('a slot that comes free is announced while somebody is in line, and only then', () => {
  const { slots, woken } = openSlots(1);
  slots.take('a');
  slots.free('a');
  expect(woken).toEqual([]);
  slots.take('a');
  slots.take('a');
  slots.free('a');
  slots.linedUp('b');
  slots.take('b');
  slots.free('b');
  expect(woken).toEqual(['a', 'b']);
});

test('whoever waits for all of them to come free does so until the last', async () => {
  const { slots } = openSlots(2);
  await slots.whenNone();
  slots.take('a');
  slots.take('b');
  let isNone = false;
  const none = slots.whenNone().then(() => {
    isNone = true;
  });
  slots.free('a');
  await Promise.resolve();
  expect(isNone).toBe(false);
  slots.free('b');
  await none;
});
