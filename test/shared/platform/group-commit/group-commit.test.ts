import { describe, expect, test } from 'vitest';
import { createGroupCommit } from '../../../../src/shared/platform/group-commit/group-commit.ts';

const faults: Record<string, 'nobody' | 'lock'> = { unavailable: 'nobody', locked: 'lock' };

/** A statement that can be held open, and remembers what it was given. */
function statement(
  options: {
    fail?: (items: number[]) => Error | null;
    bytesOf?: (item: number) => number;
    /** A statement that has one of these waits until it is released. */
    locked?: Set<number>;
  } = {},
) {
  const groups: number[][] = [];
  let open: () => void = () => undefined;
  let held = Promise.resolve();
  let free: () => void = () => undefined;
  const freed = new Promise<void>((resolve) => {
    free = resolve;
  });
  const commit = createGroupCommit<number, number>({
    commit: async (items, isShared) => {
      groups.push(items);
      await held;
      const waits = items.some((item) => options.locked?.has(item));
      if (waits && isShared) throw new Error('locked');
      if (waits) await freed;
      const error = options.fail?.(items) ?? null;
      if (error !== null) throw error;
      return items.map((item) => item * 10);
    },
    bytesOf: options.bytesOf ?? (() => 1),
    faultOf: (error) => faults[(error as Error).message] ?? 'item',
    // Of an account are those with the same tens.
    laneOf: (item) => String(Math.floor(item / 10)),
  });
  const hold = () => {
    held = new Promise((resolve) => {
      open = resolve;
    });
  };
  return { commit, groups, hold, release: () => open(), unlock: () => free() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  test('alone, a caller has its own statement', async () => {
    const { commit, groups } = statement();
    expect(await commit(1)).toBe(10);
    expect(groups).toEqual([[1]]);
  });

  test('where many come to a busy process, one in each turn of its loop, they wait for each other', async () => {
    const { commit, groups } = statement();
    const callers: Promise<number>[] = [];
    for (let n = 0; n < 1000; n++) {
      callers.push(commit(n));
      for (const until = performance.now() + 0.3; performance.now() < until; );
      await turn();
      await turn();
    }
    await Promise.all(callers);
    expect(groups.flat()).toHaveLength(1000);
    expect(groups.length).toBeLessThan(700);
  });

  test('what arrives while a statement is in flight shares the next, in order, each with its own result', async () => {
    const { commit, groups, hold, release } = statement();
    hold();
    const first = commit(1);
    await turn();
    const others = [commit(2), commit(3), commit(4)];
    await turn();
    release();
    expect(await Promise.all([first, ...others])).toEqual([10, 20, 30, 40]);
    expect(groups).toEqual([[1], [2, 3, 4]]);
  });

  test('a group is at most 256 items', async () => {
    const { commit, groups } = statement();
    await Promise.all(Array.from({ length: 600 }, (_, index) => commit(index)));
    expect(groups.map((group) => group.length)).toEqual([256, 256, 88]);
  });

  test('a group is at most 4 MiB, and an item over 256 KiB travels alone', async () => {
    const sizes = [100, 300 * 1024, 100, 200 * 1024, ...Array.from({ length: 24 }, () => 200 * 1024)];
    const { commit, groups } = statement({ bytesOf: (item) => sizes[item] ?? 0 });
    await Promise.all(sizes.map((_, index) => commit(index)));
    expect(groups.map((group) => group.length)).toEqual([1, 1, 21, 5]);
  });

  test('an item the statement cannot take fails alone', async () => {
    const { commit } = statement({ fail: (items) => (items.includes(3) ? new Error('poison') : null) });
    const settled = await Promise.allSettled([1, 2, 3, 4].map((item) => commit(item)));
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
      10,
      20,
      'Error: poison',
      40,
    ]);
  });

  test('when the database is away nobody is repeated', async () => {
    const { commit, groups } = statement({ fail: () => new Error('unavailable') });
    const settled = await Promise.allSettled([1, 2, 3].map((item) => commit(item)));
    expect(settled.every((one) => one.status === 'rejected')).toBe(true);
    expect(groups).toHaveLength(1);
  });

  test('an item is found by halving, not by a statement for each of its neighbours', async () => {
    const { commit, groups } = statement({
      fail: (items) => (items.includes(77) ? new Error('poison') : null),
    });
    const settled = await Promise.allSettled(Array.from({ length: 256 }, (_, item) => commit(item)));
    expect(settled.flatMap(({ status }, item) => (status === 'rejected' ? [item] : []))).toEqual([77]);
    expect(groups.length).toBeLessThanOrEqual(1 + 2 * Math.log2(256));
  });

  test('a lane that waits for a lock waits apart; its neighbours, and all who come after, do not', async () => {
    const { commit, unlock } = statement({ locked: new Set([11]) });
    let ended = false;
    const waiting = [commit(11), commit(12)];
    void Promise.all(waiting).then(() => {
      ended = true;
    });
    expect(await Promise.all([commit(21), commit(31)])).toEqual([210, 310]);
    expect(await Promise.all([commit(22), commit(41)])).toEqual([220, 410]);
    expect(ended).toBe(false);
    unlock();
    expect(await Promise.all(waiting)).toEqual([110, 120]);
  });

  test('what comes for a lane that waits joins it there, and stops no other statement', async () => {
    const { commit, groups, unlock } = statement({ locked: new Set([11, 13]) });
    const first = commit(11);
    await commit(21);
    const later = commit(13);
    await commit(31);
    expect(groups.slice(-1)).toEqual([[31]]);
    unlock();
    expect(await Promise.all([first, later])).toEqual([110, 130]);
  });

  test('a lane whose lock was freed shares statements again', async () => {
    const locked = new Set([11]);
    const { commit, groups, unlock } = statement({ locked });
    const first = commit(11);
    await commit(21);
    unlock();
    await first;
    locked.clear();
    await Promise.all([commit(12), commit(22)]);
    expect(groups.at(-1)?.sort()).toEqual([12, 22]);
  });
});
