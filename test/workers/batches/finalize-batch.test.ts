import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchLease } from '../../../src/shared/batches/sql/batch-lease.ts';
import { LeaseLost } from '../../../src/shared/batches/sql/batch-lease.ts';
import { finalizeBatch } from '../../../src/workers/batches/finalize-batch.ts';
import { validateLines } from '../../../src/workers/batches/validate-lines.ts';
import { chatLine, openPlantedBatches, type PlantedBatches } from './planted-batches.ts';

let batches: PlantedBatches;
beforeAll(async () => {
  batches = await openPlantedBatches();
});
afterAll(() => batches.close());

const end = async (lease: BatchLease, how: Parameters<typeof finalizeBatch>[3]) =>
  finalizeBatch(batches.deps, lease, await batches.read(lease), how);

test('the end of a batch owes its webhook in the same transaction, and wakes the delivery workers', async () => {
  const lease = await batches.plant(chatLine('one'));
  const before = batches.owed();
  expect(await end(lease, { state: 'expired' })).toBe(false);
  const owed = await batches.sql<{ type: string; url: string; body: string }[]>`
    select event_type as type, url, body from deliveries where batch_id = ${lease.batchId}`;
  expect(owed).toMatchObject([{ type: 'batch.expired', url: 'https://a.example/' }]);
  expect(JSON.parse(owed[0]?.body ?? '{}')).toMatchObject({ type: 'batch.expired' });
  expect(batches.owed()).toBe(before + 1);
});

test('a batch that never began keeps its errors and none of its lines', async () => {
  const lease = await batches.plant(chatLine('one'));
  await validateLines(batches.deps, lease, await batches.read(lease));
  const errors = [{ code: 'empty_file' as const, line: null, message: 'x', param: null }];
  await end(lease, { state: 'failed', errors });
  const [row] = await batches.sql`
    select state, total::integer, errors,
      (select count(*)::integer from batch_lines where batch_id = b.id) as lines
    from batches b where id = ${lease.batchId}`;
  expect(row).toEqual({ state: 'failed', total: 0, errors, lines: 0 });
});

test('who has lost the lease ends nothing', async () => {
  const lease = await batches.plant(chatLine('one'));
  const batch = await batches.read(lease);
  const stale = { ...lease, token: 'another' };
  await expect(finalizeBatch(batches.deps, stale, batch, { state: 'failed' })).rejects.toThrow(LeaseLost);
  expect((await batches.read(lease)).state).toBe('validating');
});
