import { lockBalance } from '../../money/sql/balances.ts';
import { releaseLines } from '../../money/sql/batch-holds.ts';
import type { Database, Transaction } from '../../platform/postgres/database.ts';
import { type BatchLease, fence, type OpenBatch } from './batch-lease.ts';

/**
 * Makes jobs of the next lines, at most so many and of so many bytes together, but for one that has more;
 * returns the providers they wait for.
 */
export async function expandLines(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  limits: { lines: number; bytes: number },
): Promise<string[]> {
  return await sql.begin(async (tx) => {
    await fence(tx, lease, 'in_progress');
    const through = await lineWithin(tx, batch, limits);
    const rows = await tx<{ provider: string }[]>`
      select provider from expand_batch(${batch.id}, ${batch.expandedThrough}, ${through})`;
    await tx`update batches set expanded_through = ${through} where id = ${batch.id}`;
    return rows.map((row) => row.provider);
  });
}

/** The last line that may be made a job now. */
async function lineWithin(
  tx: Transaction,
  batch: OpenBatch,
  limits: { lines: number; bytes: number },
): Promise<number> {
  const last = Math.min(batch.lastLine, batch.expandedThrough + limits.lines);
  const [beyond] = await tx<{ line: number }[]>`
    select line from (
      select line, sum(size) over (order by line) as through, size
      from (
        select line, coalesce(octet_length(request), 0) + coalesce(octet_length(original), 0) as size
        from batch_lines
        where batch_id = ${batch.id} and line > ${batch.expandedThrough} and line <= ${last}
      ) l
    ) s
    where through > ${limits.bytes} and through > size
    order by line limit 1`;
  return beyond === undefined ? last : beyond.line - 1;
}

/** The balance is locked meanwhile: what its account settles waits. */
const givenUpMax = 2000;

/**
 * Gives up the next lines that are no jobs yet, at most so many in one step: their shares go back at once,
 * and they count as ended in this way.
 */
export async function skipLines(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  as: 'cancelled' | 'expired',
): Promise<void> {
  const through = Math.min(batch.lastLine, batch.expandedThrough + givenUpMax);
  await sql.begin(async (tx) => {
    await lockBalance(tx, batch.accountId);
    await fence(tx, lease, batch.state);
    const [given] = await tx<{ lines: number; share: bigint }[]>`
      select count(*)::integer as lines, coalesce(sum(hold_nano), 0)::bigint as share
      from batch_lines
      where batch_id = ${batch.id} and line > ${batch.expandedThrough} and line <= ${through}
        and job_id is not null`;
    const { lines, share } = given ?? { lines: 0, share: 0n };
    await tx`
      update batches
      set expanded_through = ${through}, cancelled = cancelled + ${as === 'cancelled' ? lines : 0},
        expired = expired + ${as === 'expired' ? lines : 0}
      where id = ${batch.id}`;
    await tx`
      update batch_lines set intake = null, request = null, targets = null, original = null
      where batch_id = ${batch.id} and line > ${batch.expandedThrough} and line <= ${through}`;
    await releaseLines(tx, batch, share);
  });
}

/** Asks unfinished jobs of the batch to stop; returns the ids of those it asked now, at most `limit`. */
export async function requestJobCancels(sql: Database, batchId: string, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    update jobs set cancel_requested_at = now()
    where id in (
      select id from jobs
      where batch_id = ${batchId} and finished_at is null and cancel_requested_at is null
      limit ${limit}
      for no key update skip locked
    )
    returning id`;
  return rows.map((row) => row.id);
}

/** Says that every job has ended. */
export async function beginFinalizing(sql: Database, lease: BatchLease): Promise<void> {
  await sql.begin(async (tx) => {
    await fence(tx, lease, 'in_progress');
    await tx`update batches set state = 'finalizing', finalizing_at = now() where id = ${lease.batchId}`;
  });
}
