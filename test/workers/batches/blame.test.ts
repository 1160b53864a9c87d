import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchLease, OpenBatch } from '../../../src/shared/batches/sql/batch-lease.ts';
import { advanceBatch } from '../../../src/workers/batches/advance-batch.ts';
import { blameSomething, isToBlame } from '../../../src/workers/batches/blame.ts';
import { chatLine, openPlantedBatches, type PlantedBatches } from './planted-batches.ts';

let batches: PlantedBatches;
beforeAll(async () => {
  batches = await openPlantedBatches();
});
afterAll(() => batches.close());

const running = {
  state: 'in_progress',
  holdId: 'hold_1',
  total: 2,
  completed: 0,
  failed: 0,
  cancelled: 0,
  expired: 0,
};
test.each<[string, Partial<OpenBatch>, boolean]>([
  ['two losses', { expiredLeases: 2, blamedLine: null }, false],
  ['three losses', { expiredLeases: 3, blamedLine: null }, true],
  ['three losses, of which a line was blamed', { expiredLeases: 3, blamedLine: 1 }, false],
  ['four losses, of which a line was blamed', { expiredLeases: 4, blamedLine: 1 }, true],
  [
    'three losses while its jobs are stopped',
    { state: 'cancelling', expiredLeases: 3, blamedLine: null },
    false,
  ],
  [
    'three losses when they have stopped',
    { state: 'cancelling', cancelled: 2, expiredLeases: 3, blamedLine: null },
    true,
  ],
])('%s: is something to blame', (_what, change, expected) => {
  expect(isToBlame({ ...running, ...change } as OpenBatch)).toBe(expected);
});

/** Blames as it would be after so many losses. */
async function blame(lease: BatchLease, expiredLeases = 3): Promise<boolean> {
  return await blameSomething(batches.deps, lease, { ...(await batches.read(lease)), expiredLeases });
}

test('while its file is read, the next line fails unread, and reading goes on after it', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two'));
  expect(await blame(lease)).toBe(true);
  expect(await batches.read(lease)).toMatchObject({
    state: 'validating',
    readLines: 1,
    failed: 1,
    blamedLine: 1,
  });
});

test('while jobs are made, the next line fails without one, and its share of the hold goes back', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two'));
  await batches.begin(lease);
  const { quotedNano } = await batches.read(lease);
  expect(await blame(lease)).toBe(true);
  expect(await batches.read(lease)).toMatchObject({ expandedThrough: 1, failed: 1, blamedLine: 1 });
  const [hold] = await batches.sql<{ left: bigint }[]>`
    select remaining_nano as left from holds where batch_id = ${lease.batchId}`;
  expect(hold?.left).toBe(quotedNano / 2n);
});

test('a line without a custom_id cannot be named: the batch fails', async () => {
  const lease = await batches.plant('nonsense\n');
  expect(await blame(lease)).toBe(false);
  const [row] =
    await batches.sql`select state, errors -> 0 ->> 'code' as code from batches where id = ${lease.batchId}`;
  expect(row).toEqual({ state: 'failed', code: 'processing_failed' });
});

test('when blaming a line did not help, a batch that runs is given up and its jobs are stopped', async () => {
  const lease = await batches.plant(chatLine('one'));
  await batches.begin(lease);
  await advanceBatch(batches.deps, lease, () => true);
  expect(await blame(lease, 4)).toBe(true);
  expect(await batches.read(lease)).toMatchObject({
    state: 'cancelling',
    errors: [{ code: 'processing_failed', line: null }],
  });
});
