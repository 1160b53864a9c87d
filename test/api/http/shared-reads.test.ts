import { expect, test } from 'vitest';
import { createSharedReads } from '../../../src/api/http/shared-reads.ts';

/** Reads that end when they are told to. */
function openReads() {
  const ends: (() => void)[] = [];
  const read = () =>
    new Promise<number>((done) => {
      const number = ends.length + 1;
      ends.push(() => done(number));
    });
  return { ends, read };
}

test('who asks while a read is under way shares the next one, which begins after they asked', async () => {
  const reads = createSharedReads<number>();
  const { ends, read } = openReads();
  const first = reads('a', read);
  const others = [reads('a', read), reads('a', read), reads('a', read)];
  expect(ends).toHaveLength(1);
  ends[0]?.();
  expect(await first).toBe(1);
  await Promise.resolve();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  expect(await Promise.all(others)).toEqual([2, 2, 2]);
});

test('a read that fails fails for those who share it, and the next is made anew', async () => {
  const reads = createSharedReads<number>();
  const failing = reads('a', () => Promise.reject(new Error('away')));
  const sharing = [reads('a', async () => 2), reads('a', async () => 3)];
  await expect(failing).rejects.toThrow('away');
  expect(await Promise.all(sharing)).toEqual([2, 2]);
  expect(await reads('a', async () => 4)).toBe(4);
});

test('who asks for something else waits for nobody', async () => {
  const reads = createSharedReads<number>();
  const { read } = openReads();
  void reads('a', read);
  expect(await reads('b', async () => 7)).toBe(7);
});
