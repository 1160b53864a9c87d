import { lockBalance } from '../../money/sql/balances.ts';
import { releaseLines } from '../../money/sql/batch-holds.ts';
import { asJson, type Database, type Transaction } from '../../platform/postgres/database.ts';
import type { BatchFault } from '../rules/batch.ts';
import { type BatchLease, fence, type OpenBatch } from './batch-lease.ts';

/** Notes which line was failed because its processing ended processes. */
export async function blameLine(tx: Transaction, lease: BatchLease, line: number): Promise<void> {
  await tx`update batches set blamed_line = ${line} where id = ${lease.batchId}`;
}

/** Fails the next line that is no job yet: its share goes back, and it counts as failed. */
export async function blameLineWithoutJob(sql: Database, lease: BatchLease, batch: OpenBatch): Promise<void> {
  const line = batch.expandedThrough + 1;
  const refusal = {
    message: 'Processing this line failed three times; it is not tried again.',
    type: 'processing_failed',
    code: 'processing_failed',
    param: null,
  };
  await sql.begin(async (tx) => {
    await lockBalance(tx, batch.accountId);
    await fence(tx, lease, 'in_progress');
    const [blamed] = await tx<{ share: bigint }[]>`
      select hold_nano as share from batch_lines
      where batch_id = ${batch.id} and line = ${line} and job_id is not null`;
    await tx`
      update batch_lines
      set job_id = null, hold_nano = 0, refusal = ${asJson(refusal)}::jsonb, intake = null, request = null,
        targets = null,
        original = null
      where batch_id = ${batch.id} and line = ${line} and job_id is not null`;
    await tx`
      update batches set expanded_through = ${line}, failed = failed + ${blamed === undefined ? 0 : 1}
      where id = ${batch.id}`;
    await blameLine(tx, lease, line);
    await releaseLines(tx, batch, blamed?.share ?? 0n);
  });
}

/**
 * Gives up a batch that runs: it ends as a cancelled one does, its jobs stopped and what is done written to
 * its files, and then it has failed with these errors.
 */
export async function abandonBatch(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  errors: BatchFault[],
): Promise<void> {
  await sql.begin(async (tx) => {
    await fence(tx, lease, batch.state);
    await tx`
      update batches
      set state = 'cancelling', errors = ${asJson(errors)}::jsonb, lost_leases = 0, careful_steps = 0,
        blamed_line = null
      where id = ${batch.id}`;
  });
}
