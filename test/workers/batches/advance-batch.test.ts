import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchLease } from '../../../src/shared/batches/sql/batch-lease.ts';
import { advanceBatch } from '../../../src/workers/batches/advance-batch.ts';
import { chatLine, openPlantedBatches, type PlantedBatches } from './planted-batches.ts';

let batches: PlantedBatches;
beforeAll(async () => {
  batches = await openPlantedBatches();
});
afterAll(() => batches.close());

const advance = (lease: BatchLease, isStopping = () => false) =>
  advanceBatch(batches.deps, lease, isStopping);
/** Advances until there is nothing to do but to wait. */
async function advanceFully(lease: BatchLease): Promise<void> {
  while (await advance(lease)) {
    // A slice ended; the next one goes on.
  }
}
const rowOf = async ({ batchId }: BatchLease) => {
  const [row] = await batches.sql<Record<string, unknown>[]>`
    select state, completed::integer, failed::integer, cancelled::integer, expired::integer,
      output_file_id as output,
      error_file_id as error, (select count(*)::integer from jobs where batch_id = b.id) as jobs
    from batches b where id = ${batchId}`;
  return row ?? {};
};

test('a batch becomes jobs, waits for them, and has a file of what they answered', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two') + chatLine('three', 'openai/none'));
  await advanceFully(lease);
  expect(await rowOf(lease)).toMatchObject({ state: 'in_progress', jobs: 2, failed: 1 });
  expect(batches.signals).toContain('backlog openai');
  expect(await advance(lease)).toBe(false);
  await batches.endJobs(lease, 'succeeded');
  await advanceFully(lease);
  const { state, output, error } = await rowOf(lease);
  expect(state).toBe('completed');
  const idsOf = async (file: unknown) =>
    (await batches.linesOf(file as string | null)).map((line) => line['custom_id']);
  expect([await idsOf(output), await idsOf(error)]).toEqual([['one', 'two'], ['three']]);
});

test('one that is cancelled before its jobs were made skips its lines and gives their hold back', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two'));
  await batches.begin(lease);
  await batches.sql`update batches set state = 'cancelling', cancelling_at = now()
    where id = ${lease.batchId}`;
  await advanceFully(lease);
  expect(await rowOf(lease)).toMatchObject({ state: 'cancelled', cancelled: 2, jobs: 0 });
  const [balance] =
    await batches.sql`select held_nano::integer as held from balances where account_id = ${lease.accountId}`;
  expect(balance).toEqual({ held: 0 });
});

test('one that is cancelled while its jobs run asks each to stop, once, and waits for them', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two'));
  await advanceFully(lease);
  await batches.sql`update batches set state = 'cancelling', cancelling_at = now()
    where id = ${lease.batchId}`;
  batches.signals.length = 0;
  await advanceFully(lease);
  await advanceFully(lease);
  expect(batches.signals.filter((signal) => signal.startsWith('cancel '))).toHaveLength(2);
  expect(await rowOf(lease)).toMatchObject({ state: 'cancelling' });
});

test('one whose time is over expires, before it began or with lines that are no jobs yet', async () => {
  const unread = await batches.plant(chatLine('one'));
  const begun = await batches.plant(chatLine('one'));
  await batches.begin(begun);
  await batches.sql`update batches set expires_at = now()
    where id = any (${[unread.batchId, begun.batchId]}::text[])`;
  await advanceFully(unread);
  await advanceFully(begun);
  expect(await rowOf(unread)).toMatchObject({ state: 'expired', expired: 0 });
  expect(await rowOf(begun)).toMatchObject({ state: 'expired', expired: 1, jobs: 0 });
});

test('a process that stops takes no further step', async () => {
  const lease = await batches.plant(chatLine('one'));
  expect(await advance(lease, () => true)).toBe(true);
  expect(await rowOf(lease)).toMatchObject({ state: 'validating' });
});

test('who has lost the lease takes no step', async () => {
  const lease = await batches.plant(chatLine('one'));
  expect(await advance({ ...lease, token: 'another' })).toBe(false);
  expect((await batches.read(lease)).total).toBe(0);
});

test('a batch that ended three processes where it stands is rid of the line that is to blame', async () => {
  const lease = await batches.plant(chatLine('one'));
  await batches.read(lease);
  await batches.sql`update batches set lost_leases = 3 where id = ${lease.batchId}`;
  await advance(lease, () => true);
  const [line] = await batches.sql`select custom_id, refusal ->> 'code' as code from batch_lines
      where batch_id = ${lease.batchId}`;
  expect(line).toEqual({ custom_id: 'one', code: 'processing_failed' });
});
