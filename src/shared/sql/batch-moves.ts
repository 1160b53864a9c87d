import type { BatchEnd, BatchFault, BatchRecord } from '../domain/batch.ts';
import { newId } from '../domain/ids.ts';
import type { JobIntake } from './accept-jobs.ts';
import { batchColumns } from './batches.ts';
import { asJson, type Database, type Transaction } from './database.ts';

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

/** Locks the row of the lease's batch for this transaction, or throws LeaseLost when it is no longer in this state. */
async function fence(tx: Transaction, lease: BatchLease, state: string): Promise<void> {
  const rows = await tx`
    select 1 from batches
    where id = ${lease.batchId} and lease_token = ${lease.token} and state = ${state} and finished_at is null
    for no key update`;
  if (rows.length === 0) throw new LeaseLost(`batch ${lease.batchId}`);
}

async function lockBalance(tx: Transaction, accountId: string): Promise<void> {
  await tx`select 1 from balances where account_id = ${accountId} for no key update`;
}

/** A line as it is kept: with the job that will be made of it, or with why it is refused. */
export type BatchLine = { line: number; customId: string } & (
  | { job: JobIntake; refusal: null }
  | { job: null; refusal: object }
);

export type ReadSlice = { lines: BatchLine[]; readBytes: number; readLines: number; isEnd: boolean };

/**
 * Keeps the lines that were read, together with how far reading came. Returns those whose custom_id another line of the batch
 * has: then nothing is kept.
 */
export async function keepLines(sql: Database, lease: BatchLease, slice: ReadSlice): Promise<BatchLine[]> {
  const { lines } = slice;
  return await sql.begin(async (tx) => {
    await fence(tx, lease, 'validating');
    const kept = await tx<{ line: number }[]>`
      insert into batch_lines (batch_id, line, custom_id, job_id, hold_nano, refusal, intake, request, targets, original)
      select ${lease.batchId}, r.line, r.custom_id, r.job_id, r.hold_nano, r.refusal, r.intake, t.request, t.targets, t.original
      from json_to_recordset(${asJson(lines.map(toRow))}::json) as r (
        ord integer, line integer, custom_id text, job_id text, hold_nano bigint, refusal jsonb, intake json
      )
      join unnest(
        ${lines.map(({ job }) => job?.request ?? null)}::text[], ${lines.map(({ job }) => job?.targets ?? null)}::text[],
        ${lines.map(({ job }) => job?.original ?? null)}::text[]
      ) with ordinality as t (request, targets, original, ord) on t.ord = r.ord
      order by r.line
      on conflict (batch_id, custom_id) do nothing
      returning line`;
    const known = new Set(kept.map((row) => row.line));
    const twice = lines.filter(({ line }) => !known.has(line));
    if (twice.length > 0) {
      await dropLines(tx, lease.batchId, slice.lines);
      return twice;
    }
    const held = lines.reduce((sum, line) => sum + (line.job?.holdNano ?? 0n), 0n);
    const refused = lines.filter((line) => line.job === null).length;
    await tx`
      update batches
      set read_bytes = ${slice.readBytes}, read_lines = ${slice.readLines}, quoted_nano = quoted_nano + ${held},
        total = total + ${lines.length}, failed = failed + ${refused},
        last_line = case when ${slice.isEnd} then ${slice.readLines}::integer else last_line end
      where id = ${lease.batchId}`;
    return [];
  });
}

async function dropLines(tx: Transaction, batchId: string, lines: BatchLine[]): Promise<void> {
  await tx`
    delete from batch_lines
    where batch_id = ${batchId} and line = any (${lines.map(({ line }) => line)}::integer[])`;
}

function toRow({ line, customId, job, refusal }: BatchLine, index: number) {
  return {
    ord: index + 1,
    line,
    custom_id: customId,
    job_id: job?.jobId ?? null,
    hold_nano: (job?.holdNano ?? 0n).toString(),
    refusal,
    intake: job === null ? null : toStoredIntake(job),
  };
}

/** The fields of job_intake that expand_batch reads: all that the batch does not say for its jobs. */
function toStoredIntake(job: JobIntake) {
  return {
    surface: job.surface,
    lane: job.lane,
    model: job.model,
    provider: job.provider,
    target_model: job.targetModel,
    max_attempts: job.maxAttempts,
    input_tokens_bound: job.inputTokensBound,
    tokens_bound: job.tokensBound,
  };
}

/** Of these custom_ids, those whose lines in an earlier batch did not succeed. */
export async function findUnsuccessful(
  sql: Database,
  earlierBatchId: string,
  customIds: string[],
): Promise<Set<string>> {
  const rows = await sql<{ custom_id: string }[]>`
    select l.custom_id
    from batch_lines l left join jobs j on j.id = l.job_id
    where l.batch_id = ${earlierBatchId} and l.custom_id = any (${customIds}::text[])
      and j.state is distinct from 'succeeded'`;
  return new Set(rows.map((row) => row.custom_id));
}

/** Sets aside what all lines together may cost and begins the batch. False when the account has less: nothing is taken. */
export async function openBatchHold(sql: Database, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  return await sql.begin(async (tx) => {
    await lockBalance(tx, batch.accountId);
    await fence(tx, lease, 'validating');
    const [balance] = await tx<{ available: bigint; held: bigint }[]>`
      update balances
      set available_nano = available_nano - ${batch.quotedNano}, held_nano = held_nano + ${batch.quotedNano}
      where account_id = ${batch.accountId} and available_nano >= ${batch.quotedNano}
      returning available_nano as available, held_nano as held`;
    if (balance === undefined) return false;
    const holdId = newId('hold');
    await tx`
      insert into holds (id, account_id, batch_id, amount_nano, remaining_nano)
      values (${holdId}, ${batch.accountId}, ${batch.id}, ${batch.quotedNano}, ${batch.quotedNano})`;
    await tx`
      insert into entries (account_id, type, amount_nano, available_nano, held_nano, batch_id, description)
      values (${batch.accountId}, 'hold', ${-batch.quotedNano}, ${balance.available}, ${balance.held}, ${batch.id},
        'hold for a batch')`;
    await tx`
      update batches set state = 'in_progress', in_progress_at = now(), hold_id = ${holdId} where id = ${batch.id}`;
    return true;
  });
}

/** Makes jobs of the next lines, up to one; returns the providers they wait for. */
export async function expandLines(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  through: number,
): Promise<string[]> {
  return await sql.begin(async (tx) => {
    await fence(tx, lease, 'in_progress');
    const rows = await tx<{ provider: string }[]>`
      select provider from expand_batch(${batch.id}, ${batch.expandedThrough}, ${through})`;
    await tx`update batches set expanded_through = ${through} where id = ${batch.id}`;
    return rows.map((row) => row.provider);
  });
}

/** Gives up the lines that are no jobs yet: their shares go back at once, and they count as ended in this way. */
export async function giveUpLines(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  as: 'cancelled' | 'expired',
): Promise<void> {
  await sql.begin(async (tx) => {
    await lockBalance(tx, batch.accountId);
    await fence(tx, lease, batch.state);
    const [given] = await tx<{ lines: number; share: bigint }[]>`
      select count(*)::integer as lines, coalesce(sum(hold_nano), 0)::bigint as share
      from batch_lines
      where batch_id = ${batch.id} and line > ${batch.expandedThrough} and job_id is not null`;
    const { lines, share } = given ?? { lines: 0, share: 0n };
    await tx`
      update batches
      set expanded_through = last_line, cancelled = cancelled + ${as === 'cancelled' ? lines : 0},
        expired = expired + ${as === 'expired' ? lines : 0}
      where id = ${batch.id}`;
    await tx`
      update batch_lines set intake = null, request = null, targets = null, original = null
      where batch_id = ${batch.id} and line > ${batch.expandedThrough}`;
    await releaseShares(tx, batch, share);
  });
}

async function releaseShares(tx: Transaction, batch: OpenBatch, share: bigint): Promise<void> {
  if (share === 0n) return;
  await tx`update holds set remaining_nano = remaining_nano - ${share} where id = ${batch.holdId}`;
  const [balance] = await tx<{ available: bigint; held: bigint }[]>`
    update balances set available_nano = available_nano + ${share}, held_nano = held_nano - ${share}
    where account_id = ${batch.accountId}
    returning available_nano as available, held_nano as held`;
  await tx`
    insert into entries (account_id, type, amount_nano, available_nano, held_nano, batch_id, description)
    values (${batch.accountId}, 'release', ${share}, ${balance?.available}, ${balance?.held}, ${batch.id},
      'hold released for lines that never ran')`;
}

/** Asks unfinished jobs of the batch to stop; returns the ids of those it asked now, at most `limit`. */
export async function askJobsToStop(sql: Database, batchId: string, limit: number): Promise<string[]> {
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

/** A line that ended, with what came of it. */
export type EndedLine = {
  line: number;
  customId: string;
  refusal: object | null;
  jobId: string | null;
  state: string | null;
  model: string | null;
  error: { type: string; message: string; provider_status: number | null } | null;
  createdAt: Date | null;
  finishedAt: Date | null;
  result: string | null;
  original: string | null;
};

/** The next lines to be written to files, in their order: at most `limit`, and no more than `bytesMax` of results but one. */
export async function listEndedLines(
  sql: Database,
  batch: OpenBatch,
  limits: { lines: number; bytes: number },
): Promise<EndedLine[]> {
  return await sql<EndedLine[]>`
    select line, custom_id as "customId", refusal, job_id as "jobId", state, model, error, created_at as "createdAt",
      finished_at as "finishedAt", result, original
    from (
      select n.*, j.state, j.model, j.error, j.created_at, j.finished_at, r.result, q.original,
        sum(coalesce(octet_length(r.result), 0) + coalesce(octet_length(q.original), 0)) over (order by n.line)
          - coalesce(octet_length(r.result), 0) - coalesce(octet_length(q.original), 0) as before
      from (
        select l.line, l.custom_id, l.refusal, l.job_id from batch_lines l
        where l.batch_id = ${batch.id} and l.line > ${batch.assembledThrough}
        order by l.line limit ${limits.lines}
      ) n
      left join jobs j on j.id = n.job_id
      left join job_results r on r.job_id = j.id
      left join job_requests q on q.job_id = j.id
    ) s
    where s.before < ${limits.bytes}
    order by line`;
}

/** The files of a batch; null for one that has no line yet. */
export type BatchFiles = { outputFileId: string | null; errorFileId: string | null };

/** Notes that all lines up to this one are in the files. What is done in `write` commits with it. */
export async function keepAssembled(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  through: number,
  write: (tx: Transaction) => Promise<BatchFiles>,
): Promise<void> {
  await sql.begin(async (tx) => {
    await fence(tx, lease, batch.state);
    const files = await write(tx);
    await tx`
      update batches
      set assembled_through = ${through}, output_file_id = ${files.outputFileId}, error_file_id = ${files.errorFileId}
      where id = ${batch.id}`;
  });
}

export type BatchEnding = {
  state: BatchEnd;
  /** Why it was refused as a whole. */
  errors: BatchFault[] | null;
  /** For a batch that never began: nothing came of its lines. */
  forgetLines: boolean;
  /** What webhooks tell of it: made from the batch as it will be. */
  eventOf(batch: BatchRecord): { eventId: string; type: string; body: string };
};

/** Ends a batch: its last state, its closed hold and the webhooks owed. What is done in `finish` commits with it. */
export async function endBatch(
  sql: Database,
  lease: BatchLease,
  batch: OpenBatch,
  ending: BatchEnding,
  finish: (tx: Transaction) => Promise<void>,
): Promise<void> {
  await sql.begin(async (tx) => {
    await fence(tx, lease, batch.state);
    await finish(tx);
    if (ending.forgetLines) {
      await tx`delete from batch_lines where batch_id = ${batch.id}`;
      await tx`update batches set total = 0, failed = 0, last_line = 0 where id = ${batch.id}`;
    }
    await tx`update holds set closed_at = now() where id = ${batch.holdId} and remaining_nano = 0`;
    const [row] = await tx<BatchRecord[]>`
      update batches b
      set state = ${ending.state}, finished_at = now(), lease_token = null, lease_until = null,
        errors = ${ending.errors === null ? null : asJson(ending.errors)}::jsonb
      where b.id = ${batch.id}
      returning ${batchColumns(tx)}`;
    if (row === undefined) throw new LeaseLost(`batch ${batch.id}`);
    const { eventId, type, body } = ending.eventOf(row);
    await tx`
      select owe_deliveries(array[
        row(${row.accountId}, ${eventId}, ${type}, ${row.id}, ${body}, ${row.webhookUrl})::owed_event
      ])`;
  });
}
