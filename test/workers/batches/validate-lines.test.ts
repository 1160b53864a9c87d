import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchLease } from '../../../src/shared/batches/sql/batch-lease.ts';
import { validateLines } from '../../../src/workers/batches/validate-lines.ts';
import { chatLine, openPlantedBatches, type PlantedBatches } from './planted-batches.ts';

let batches: PlantedBatches;
beforeAll(async () => {
  batches = await openPlantedBatches();
});
afterAll(() => batches.close());

const step = async (lease: BatchLease) => validateLines(batches.deps, lease, await batches.read(lease));
const rowOf = async ({ batchId }: BatchLease) => {
  const [row] = await batches.sql<
    { state: string; total: number; failed: number; errors: { code: string }[] }[]
  >`
    select state, total::integer, failed::integer, errors from batches where id = ${batchId}`;
  return row;
};

test('lines are kept with their prices, and then what all may cost is reserved and the batch begins', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two'));
  // The second step finds the end of the file.
  expect([await step(lease), await step(lease)]).toEqual([true, true]);
  const read = await batches.read(lease);
  expect(read).toMatchObject({ state: 'validating', total: 2, lastLine: 2 });
  expect(read.quotedNano).toBeGreaterThan(0n);
  expect(await step(lease)).toBe(true);
  expect((await batches.read(lease)).state).toBe('in_progress');
  const [money] = await batches.sql<{ held: bigint; hold: bigint }[]>`
    select b.held_nano as held, h.remaining_nano as hold
    from balances b join holds h on h.account_id = b.account_id where b.account_id = ${lease.accountId}`;
  expect(money).toEqual({ held: read.quotedNano, hold: read.quotedNano });
});

test('a line that is refused fails by itself', async () => {
  const lease = await batches.plant(chatLine('one') + chatLine('two', 'openai/none'));
  await step(lease);
  expect(await batches.read(lease)).toMatchObject({ state: 'validating', total: 2, failed: 1 });
});

test.each<[string, string, bigint, string]>([
  ['an empty file', '', 10n ** 9n, 'empty_file'],
  ['a line that is no JSON', 'nonsense\n', 10n ** 9n, 'invalid_json_line'],
  ['a custom_id that is used twice', chatLine('one') + chatLine('one'), 10n ** 9n, 'duplicate_custom_id'],
  ['an account that has nothing', chatLine('one'), 0n, 'insufficient_funds'],
  ['an account that has less than the lines may cost', chatLine('one'), 1n, 'insufficient_funds'],
])('%s fails the whole batch, free of charge', async (_what, text, availableNano, code) => {
  const lease = await batches.plant(text, { availableNano });
  expect(await step(lease)).toBe(false);
  const row = await rowOf(lease);
  expect([row?.state, row?.errors[0]?.code]).toEqual(['failed', code]);
  expect(await batches.sql`select 1 from holds where batch_id = ${lease.batchId}`).toEqual([]);
});

test('an input file that was deleted fails the batch', async () => {
  const lease = await batches.plant(chatLine('one'));
  const { inputFileId } = await batches.read(lease);
  await batches.sql`delete from files where id = ${inputFileId}`;
  expect(await step(lease)).toBe(false);
  expect((await rowOf(lease))?.errors[0]?.code).toBe('input_file_missing');
});

test('money that went between reading and reserving fails the batch', async () => {
  const lease = await batches.plant(chatLine('one'));
  await step(lease);
  await step(lease);
  await batches.sql`update balances set available_nano = 0 where account_id = ${lease.accountId}`;
  expect(await step(lease)).toBe(false);
  expect((await rowOf(lease))?.errors[0]?.code).toBe('insufficient_funds');
});

test('a retry has the lines that did not succeed, and fails when those of the first batch are gone', async () => {
  const text = chatLine('good', 'openai/gpt-5-mini') + chatLine('bad', 'openai/none');
  const first = await batches.plant(text);
  await step(first);
  const retry = await batches.plant(text, { retryOf: first.batchId });
  await batches.sql`update batch_lines set custom_id = 'another'
    where batch_id = ${first.batchId} and custom_id = 'good'`;
  await step(retry);
  const kept = await batches.sql`select custom_id from batch_lines where batch_id = ${retry.batchId}`;
  expect(kept).toEqual([{ custom_id: 'bad' }]);
  await batches.sql`delete from batch_lines where batch_id = ${first.batchId}`;
  const late = await batches.plant(text, { retryOf: first.batchId });
  expect([await step(late), await step(late)]).toEqual([true, false]);
  expect((await rowOf(late))?.errors[0]?.code).toBe('input_file_missing');
});
