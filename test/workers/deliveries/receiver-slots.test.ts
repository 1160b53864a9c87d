import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createReceiverSlots, type ReceiverSlots } from '../../../src/workers/deliveries/receiver-slots.ts';

const limits = {
  perReceiver: 4,
  quickMax: 8,
  slowMax: 6,
  totalMax: 20,
  slowMs: 1000,
  quickPerDetached: 2,
  detachedPerReceiver: 3,
  detachedMax: 5,
};
let slots: ReceiverSlots;
let onFree = vi.fn();
beforeEach(() => {
  vi.useFakeTimers();
  onFree = vi.fn();
  slots = createReceiverSlots(limits, onFree);
});
afterEach(() => vi.useRealTimers());

/** Work that ends when the function that is given back is called. */
function run(receiver: string): () => Promise<void> {
  let end: () => void = () => undefined;
  const work = new Promise<void>((resolve) => {
    end = resolve;
  });
  slots.run(receiver, () => work);
  return async () => {
    end();
    await vi.advanceTimersByTimeAsync(0);
  };
}
const roomOf = (receiver: string) => limits.perReceiver - (slots.taken().get(receiver) ?? 0);

/** The slots that each receiver may still use. */
const rooms = () =>
  Object.fromEntries([...slots.taken()].map(([receiver, taken]) => [receiver, limits.perReceiver - taken]));

test('quick work holds its slot until it ends', async () => {
  const ends = Array.from({ length: 8 }, (_, n) => run(`r${n % 2}`));
  expect(slots.free()).toBe(0);
  expect(roomOf('r0')).toBe(0);
  await ends[0]?.();
  expect(slots.free()).toBe(1);
  expect(roomOf('r0')).toBe(1);
  expect(onFree).toHaveBeenCalledTimes(1);
});

test('work that turns out slow leaves its slot to others', () => {
  for (let n = 0; n < 8; n++) run(`r${n % 2}`);
  expect(slots.free()).toBe(0);
  vi.advanceTimersByTime(limits.slowMs);
  expect(onFree).toHaveBeenCalledTimes(8);
  expect(slots.free()).toBe(8);
  expect(roomOf('another')).toBe(4);
});

test('what begins for slow receivers takes no slot from the others, and stays within its own limit', async () => {
  for (const receiver of ['a', 'b', 'c']) {
    const ends = Array.from({ length: 2 }, () => run(receiver));
    vi.advanceTimersByTime(limits.slowMs);
    for (const end of ends) await end();
  }
  const before = slots.free();
  expect(rooms()).toEqual({ a: 2, b: 2, c: 2 });
  for (const receiver of ['a', 'a', 'b', 'b', 'c', 'c']) run(receiver);
  expect(rooms()).toEqual({ a: 0, b: 0, c: 0 });
  expect(slots.free()).toBe(before);
});

test('a receiver that is quick again is one like the others', async () => {
  run('a');
  vi.advanceTimersByTime(limits.slowMs);
  const before = slots.free();
  const end = run('a');
  expect(slots.free()).toBe(before);
  await end();
  run('a');
  expect(slots.free()).toBe(before - 1);
});

test('all work under way together stays within the total', () => {
  for (let n = 0; n < 20; n++) {
    run(`r${n}`);
    vi.advanceTimersByTime(limits.slowMs);
  }
  expect(slots.free()).toBe(0);
});

/** Runs many pieces of work, each quick. */
async function runQuick(receiver: string, many: number): Promise<void> {
  for (let n = 0; n < many; n++) await run(receiver)();
}

test('a receiver that mostly is quick gets the slots of those that hang again', async () => {
  const ends = [run('a'), run('a')];
  vi.advanceTimersByTime(limits.slowMs);
  expect(roomOf('a')).toBe(2);
  onFree.mockClear();
  await runQuick('a', 4);
  expect(roomOf('a')).toBe(4);
  expect(onFree).toHaveBeenCalled();
  expect(slots.free()).toBe(8);
  for (const end of ends) await end();
  expect(roomOf('a')).toBe(4);
});

test('one that was quick and goes silent gets its slots once more, and no more', async () => {
  await runQuick('a', 1);
  let begun = 0;
  for (let round = 0; round < 10; round++) {
    for (let room = roomOf('a'); room > 0; room--, begun++) run('a');
    vi.advanceTimersByTime(limits.slowMs);
  }
  expect(begun).toBe(4);
  const kept = run('b');
  await runQuick('b', 100);
  for (let round = 0; round < 10; round++) {
    for (let room = roomOf('b'); room > 0; room--) run('b');
    vi.advanceTimersByTime(limits.slowMs);
  }
  expect(roomOf('b')).toBe(0);
  await kept();
  expect(roomOf('b')).toBe(1);
});

test('what is detached stays within its limits, for one receiver and for all', async () => {
  const ends: (() => Promise<void>)[] = [];
  for (const receiver of ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']) ends.push(run(receiver));
  vi.advanceTimersByTime(limits.slowMs);
  for (const receiver of ['a', 'b']) {
    for (let n = 0; n < 100; n++) {
      const end = run(receiver);
      await end();
    }
  }
  expect(roomOf('a')).toBe(3);
  expect(roomOf('b')).toBe(2);
  for (const end of ends) await end();
  expect(roomOf('a')).toBe(4);
  expect(roomOf('b')).toBe(4);
  expect(slots.free()).toBe(8);
});
