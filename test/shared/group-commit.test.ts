import { describe, expect, test } from 'vitest';
import { createGroupCommit } from '../../src/shared/group-commit.ts';

/** A statement that can be held open, and remembers what it was given. */
function statement(
  options: { fail?: (items: number[]) => Error | null; bytesOf?: (item: number) => number } = {},
) {
  const groups: number[][] = [];
  let open: () => void = () => undefined;
  let held = Promise.resolve();
  const commit = createGroupCommit<number, number>({
    commit: async (items) => {
      groups.push(items);
      await held;
      const error = options.fail?.(items) ?? null;
      if (error !== null) throw error;
      return items.map((item) => item * 10);
    },
    bytesOf: options.bytesOf ?? (() => 1),
    faultOf: (error) => ((error as Error).message === 'away' ? 'nobody' : 'item'),
  });
  const hold = () => {
    held = new Promise((resolve) => {
      open = resolve;
    });
  };
  return { commit, groups, hold, release: () => open() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  test('alone, a caller has its own statement', async () => {
    const { commit, groups } = statement();
    expect(await commit(1)).toBe(10);
    expect(groups).toEqual([[1]]);
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
    const { commit, groups } = statement({ fail: () => new Error('away') });
    const settled = await Promise.allSettled([1, 2, 3].map((item) => commit(item)));
    expect(settled.every((one) => one.status === 'rejected')).toBe(true);
    expect(groups).toHaveLength(1);
  });
});
