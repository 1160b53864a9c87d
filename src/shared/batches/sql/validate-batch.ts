import { submittedFields } from '../../jobs/rules/job-row.ts';
import type { JobIntake } from '../../jobs/sql/accept-jobs.ts';
import { rowWriter } from '../../jobs/sql/job-columns.ts';
import { lockBalance } from '../../money/sql/balances.ts';
import { reserveBatch } from '../../money/sql/batch-holds.ts';
import { asJson, type Database, type Transaction } from '../../platform/postgres/database.ts';
import { type BatchLease, fence, type OpenBatch } from './batch-lease.ts';

/** A line as it is kept: with the job that will be made of it, or with why it is refused. */
export type BatchLine = { line: number; customId: string } & (
  | { job: JobIntake; refusal: null }
  | { job: null; refusal: object }
);

export type ReadSlice = { lines: BatchLine[]; readBytes: number; readLines: number; isEnd: boolean };

/**
 * Keeps the lines that were read, together with how far reading came. Returns those whose custom_id another
 * line of the batch has: then nothing is kept. What is done in `also` commits with it.
 */
export async function keepLines(
  sql: Database,
  lease: BatchLease,
  slice: ReadSlice,
  also: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<BatchLine[]> {
  const { lines } = slice;
  return await sql.begin(async (tx) => {
    await fence(tx, lease, 'validating');
    await also(tx);
    const kept = await tx<{ line: number }[]>`
      insert into batch_lines (batch_id, line, custom_id, job_id, hold_nano, refusal, intake, request,
        targets, original)
      select ${lease.batchId}, r.line, r.custom_id, r.job_id, r.hold_nano, r.refusal, r.intake, t.request,
        t.targets, t.original
      from json_to_recordset(${asJson(lines.map(toRow))}::json) as r (
        ord integer, line integer, custom_id text, job_id text, hold_nano bigint, refusal jsonb, intake json
      )
      join unnest(
        ${lines.map(({ job }) => job?.request ?? null)}::text[],
        ${lines.map(({ job }) => job?.targets ?? null)}::text[],
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
      set read_bytes = ${slice.readBytes}, read_lines = ${slice.readLines},
        quoted_nano = quoted_nano + ${held},
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

const toStoredJob = rowWriter(submittedFields);

function toRow({ line, customId, job, refusal }: BatchLine, index: number) {
  return {
    ord: index + 1,
    line,
    custom_id: customId,
    job_id: job?.id ?? null,
    hold_nano: (job?.holdNano ?? 0n).toString(),
    refusal,
    // What the batch says for all of its jobs is not stored with each.
    intake: job === null ? null : toStoredJob(job),
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

/** Whether the lines of a batch are all still kept. */
export async function hasAllLines(sql: Database, batchId: string): Promise<boolean> {
  const [row] = await sql<{ all: boolean }[]>`
    select b.total = (select count(*) from batch_lines l where l.batch_id = b.id) as all
    from batches b where b.id = ${batchId}`;
  return row?.all === true;
}

/**
 * Reserves what all lines together may cost and begins the batch. False when the account has less available:
 * nothing is reserved.
 */
export async function startBatch(sql: Database, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  return await sql.begin(async (tx) => {
    await lockBalance(tx, batch.accountId);
    await fence(tx, lease, 'validating');
    const holdId = await reserveBatch(tx, batch, batch.quotedNano);
    if (holdId === null) return false;
    await tx`
      update batches set state = 'in_progress', in_progress_at = now(), hold_id = ${holdId}
      where id = ${batch.id}`;
    return true;
  });
}
