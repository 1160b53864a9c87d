import type { BatchRecord } from '../domain/batch.ts';
import { newId } from '../domain/ids.ts';
import { batchColumns } from './batches.ts';
import type { Database, Transaction } from './database.ts';

/** A batch as the worker that moves it sees it. */
export type OpenBatch = BatchRecord & {
  retryOf: string | null;
  defaultMaxOutputTokens: number | null;
  holdId: string | null;
  quotedNano: bigint;
  readBytes: number;
  readLines: number;
  expandedThrough: number;
  assembledThrough: number;
  lastLine: number;
  isLate: boolean;
};

/** The right to move a batch, until somebody else has it. */
export type BatchLease = { batchId: string; token: string; seconds: number };

/** Somebody else moves the batch now, or it ended; nothing was changed. */
export class LeaseLost extends Error {}

const openColumns = (sql: Transaction) => sql`
  ${batchColumns(sql)}, b.retry_of as "retryOf",
  (select a.default_max_output_tokens from accounts a where a.id = b.account_id) as "defaultMaxOutputTokens",
  b.hold_id as "holdId", b.quoted_nano as "quotedNano", b.read_bytes::double precision as "readBytes",
  b.read_lines as "readLines", b.expanded_through as "expandedThrough", b.assembled_through as "assembledThrough",
  b.last_line as "lastLine", b.expires_at <= now() as "isLate"`;

/**
 * Leases the batch that has waited longest of those that can be moved: one whose jobs only run is left alone until they have
 * ended or its time is over. Null when there is none.
 */
export async function leaseBatch(sql: Database, seconds: number): Promise<BatchLease | null> {
  const token = newId('wrk');
  const [row] = await sql<{ id: string }[]>`
    update batches set lease_token = ${token}, lease_until = now() + make_interval(secs => ${seconds})
    where id = (
      select b.id from batches b
      where b.finished_at is null and b.look_at <= now() and (b.lease_until is null or b.lease_until < now())
        and (
          b.state <> 'in_progress' or b.expanded_through < b.last_line or b.expires_at <= now()
          or b.completed + b.failed + b.cancelled + b.expired = b.total
        )
      order by b.look_at
      limit 1
      for no key update skip locked
    )
    returning id`;
  return row === undefined ? null : { batchId: row.id, token, seconds };
}

/** Extends the lease and says how the batch stands; null when it was lost or the batch has ended. */
export async function renewBatch(sql: Transaction, lease: BatchLease): Promise<OpenBatch | null> {
  const [row] = await sql<OpenBatch[]>`
    update batches b set lease_until = now() + make_interval(secs => ${lease.seconds})
    where b.id = ${lease.batchId} and b.lease_token = ${lease.token} and b.finished_at is null
    returning ${openColumns(sql)}`;
  return row ?? null;
}

/** Gives the lease back; the batch is looked at again after `delayMs`. */
export async function releaseBatch(sql: Database, lease: BatchLease, delayMs: number): Promise<void> {
  await sql`
    update batches
    set lease_token = null, lease_until = null, look_at = now() + make_interval(secs => ${delayMs / 1000})
    where id = ${lease.batchId} and lease_token = ${lease.token}`;
}

/** Locks the row of the lease's batch for this transaction; throws LeaseLost when it is no longer in this state. */
export async function fence(tx: Transaction, lease: BatchLease, state: string): Promise<void> {
  const rows = await tx`
    select 1 from batches
    where id = ${lease.batchId} and lease_token = ${lease.token} and state = ${state} and finished_at is null
    for no key update`;
  if (rows.length === 0) throw new LeaseLost(`batch ${lease.batchId}`);
}

/** Locks an account's balance for this transaction: before the batch, as everything that moves money does. */
export async function lockBalance(tx: Transaction, accountId: string): Promise<void> {
  await tx`select 1 from balances where account_id = ${accountId} for no key update`;
}
