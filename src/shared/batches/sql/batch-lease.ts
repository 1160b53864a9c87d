import { newId } from '../../ids.ts';
import type { Database, Sql, Transaction } from '../../platform/postgres/database.ts';
import type { BatchRecord } from '../rules/batch.ts';
import { batchColumns } from './batches.ts';

/** A batch as the worker that moves it sees it. */
export type OpenBatch = BatchRecord & {
  retryOf: string | null;
  defaultMaxOutputTokens: number | null;
  /** What the account has at this moment. */
  availableNano: bigint;
  holdId: string | null;
  quotedNano: bigint;
  readBytes: number;
  readLines: number;
  expandedThrough: number;
  assembledThrough: number;
  lastLine: number;
  isLate: boolean;
  /** How many leases were lost, or failed, where the batch stands now. */
  expiredLeases: number;
  /** So many steps are to take few lines at a time; see linesOfStep. */
  carefulSteps: number;
  /** The line that was failed because its processing ended processes. */
  blamedLine: number | null;
};

/** The right to move a batch, until somebody else has it. */
export type BatchLease = { batchId: string; accountId: string; token: string; seconds: number };

/** Somebody else moves the batch now, or it ended; nothing was changed. */
export class LeaseLost extends Error {}

const openColumns = (sql: Sql) => sql`
  ${batchColumns(sql)}, b.retry_of as "retryOf",
  (select a.default_max_output_tokens from accounts a where a.id = b.account_id) as "defaultMaxOutputTokens",
  (select m.available_nano from balances m where m.account_id = b.account_id) as "availableNano",
  b.hold_id as "holdId", b.quoted_nano as "quotedNano", b.read_bytes::double precision as "readBytes",
  b.read_lines as "readLines", b.expanded_through as "expandedThrough",
  b.assembled_through as "assembledThrough",
  b.last_line as "lastLine", b.expires_at <= now() as "isLate", b.lost_leases as "expiredLeases",
  b.careful_steps as "carefulSteps", b.blamed_line as "blamedLine"`;

/**
 * Where a batch stands: its state, and how far its file was read, its jobs were made and its results were
 * written.
 */
const standing = (sql: Sql) => sql`
  (b.state || ' ' || b.read_bytes || ' ' || b.read_lines || ' ' || b.last_line
    || ' ' || b.expanded_through || ' '
    || b.assembled_through)`;

/** A slice has at most so many lines. */
export const linesPerSlice = 1000;
/** After one lost lease: few enough that the next loss leaves few lines to try one by one. */
const carefulLines = 32;
/**
 * So many careful steps pass all that was under way when a lease was lost: a slice and the one that was read
 * ahead, or the lines of one careful step, one by one.
 */
const carefulStepsMax = 64;

/**
 * How many lines a step takes, of `most` when nothing was lost. After a second loss it is one, so that a
 * third names the line.
 */
export function linesOfStep(
  { carefulSteps, expiredLeases }: Pick<OpenBatch, 'carefulSteps' | 'expiredLeases'>,
  most: number,
): number {
  if (carefulSteps === 0) return most;
  return expiredLeases >= 2 ? 1 : Math.min(most, carefulLines);
}

/** Whether any batch has not ended. */
export async function isBatchOpen(sql: Database): Promise<boolean> {
  const [row] = await sql<{ isOpen: boolean }[]>`
    select exists (select from batches where finished_at is null) as "isOpen"`;
  return row?.isOpen ?? false;
}

/**
 * Leases a batch that can be moved: one whose jobs only run is left alone until they have ended or its time
 * is over. Accounts take turns: the one with the fewest batches under way, then the one that has waited
 * longest, then its longest unmoved batch. Those in `except` are left out. A lease that ended without being
 * handed back, and left its batch where its last step began, is counted as lost. Null when there is nothing
 * to move.
 */
export async function leaseBatch(
  sql: Database,
  seconds: number,
  except: string[] = [],
): Promise<BatchLease | null> {
  const token = newId('wrk');
  const [row] = await sql<{ id: string; accountId: string }[]>`
    with under_way as (
      select account_id, count(*) as n from batches
      where finished_at is null and lease_until >= now()
      group by account_id
    ),
    next as (
      select b.id
      from batches b
      left join under_way u on u.account_id = b.account_id
      left join batch_turns t on t.account_id = b.account_id
      where b.finished_at is null and b.look_at <= now() and (b.lease_until is null or b.lease_until < now())
        and (
          b.state <> 'in_progress' or b.expanded_through < b.last_line or b.expires_at <= now()
          or b.completed + b.failed + b.cancelled + b.expired = b.total
        )
        and b.account_id <> all (${except}::text[])
      order by coalesce(u.n, 0), t.last_turn_at nulls first, b.look_at
      limit 1
      for no key update of b skip locked
    ),
    leased as (
      update batches b
      set lease_token = ${token}, lease_until = now() + make_interval(secs => ${seconds}),
        lost_leases = b.lost_leases + case when b.lease_token is not null and b.step_place = ${standing(sql)}
        then 1 else 0 end,
        careful_steps = case when b.lease_token is not null and b.step_place = ${standing(sql)}
        then ${carefulStepsMax}
          else b.careful_steps end
      from next n where b.id = n.id
      returning b.id, b.account_id
    ),
    turn as (
      insert into batch_turns (account_id, last_turn_at)
      select account_id, clock_timestamp() from leased
      on conflict (account_id) do update set last_turn_at = excluded.last_turn_at
    )
    select id, account_id as "accountId" from leased`;
  return row === undefined ? null : { batchId: row.id, accountId: row.accountId, token, seconds };
}

/**
 * Begins a step: extends the lease, notes where the step begins, and says how the batch stands; null when the
 * lease was lost or the batch has ended. What was counted against the batch is forgotten when it has passed
 * the place in question; not when one of its lines was blamed.
 */
export async function renewBatch(sql: Sql, lease: BatchLease): Promise<OpenBatch | null> {
  const hasMoved = sql`b.step_place is distinct from ${standing(sql)}`;
  const isElsewhere = sql`split_part(coalesce(b.step_place, ''), ' ', 1) <> b.state`;
  const [row] = await sql<OpenBatch[]>`
    update batches b
    set lease_until = now() + make_interval(secs => ${lease.seconds}), step_place = ${standing(sql)},
      lost_leases = case
        when b.blamed_line is null and (${isElsewhere} or (${hasMoved} and b.careful_steps <= 1)) then 0
        else b.lost_leases
      end,
      careful_steps = case
        when ${isElsewhere} then 0
        when ${hasMoved} then greatest(0, b.careful_steps - 1)
        else b.careful_steps
      end
    where b.id = ${lease.batchId} and b.lease_token = ${lease.token} and b.finished_at is null
    returning ${openColumns(sql)}`;
  return row ?? null;
}

/**
 * Gives the lease back; the batch is looked at again after `delayMs`. A step that failed counts as a lost
 * lease does, unless the batch has moved since it began; each further one doubles the delay, up to a minute.
 */
export async function releaseBatch(
  sql: Database,
  lease: BatchLease,
  { delayMs, hasFailed }: { delayMs: number; hasFailed: boolean },
): Promise<void> {
  const counts = sql`(${hasFailed}::boolean and b.step_place = ${standing(sql)})`;
  await sql`
    update batches b
    set lease_token = null, lease_until = null,
      lost_leases = b.lost_leases + case when ${counts} then 1 else 0 end,
      careful_steps = case when ${counts} then ${carefulStepsMax} else b.careful_steps end,
      look_at = now() + least(
        interval '1 minute',
        make_interval(secs => ${delayMs / 1000}) * case when ${counts} then power(2, least(b.lost_leases, 10))
        else 1 end
      )
    where b.id = ${lease.batchId} and b.lease_token = ${lease.token}`;
}

/**
 * Locks the row of the lease's batch for this transaction; throws LeaseLost when it is no longer in this
 * state.
 */
export async function fence(tx: Transaction, lease: BatchLease, state: string): Promise<void> {
  const rows = await tx`
    select 1 from batches
    where id = ${lease.batchId} and lease_token = ${lease.token} and state = ${state} and finished_at is null
    for no key update`;
  if (rows.length === 0) throw new LeaseLost(`batch ${lease.batchId}`);
}
