import { closeBatchHold } from '../../money/sql/batch-holds.ts';
import { asJson, type Database, type Transaction } from '../../platform/postgres/database.ts';
import type { BatchEnd, BatchFault, BatchRecord } from '../rules/batch.ts';
import { type BatchLease, fence, LeaseLost, type OpenBatch } from './batch-lease.ts';
import { batchColumns } from './batches.ts';

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

/**
 * The next lines to be written to files, in their order: at most `limit`, and no more than `bytesMax` of
 * results but one.
 */
export async function listEndedLines(
  sql: Database,
  batch: OpenBatch,
  limits: { lines: number; bytes: number },
): Promise<EndedLine[]> {
  return await sql<EndedLine[]>`
    select line, custom_id as "customId", refusal, job_id as "jobId", state, model, error,
      created_at as "createdAt",
      finished_at as "finishedAt", result, original
    from (
      select n.*, j.state, j.model, j.error, j.created_at, j.finished_at, r.result, q.original,
        sum(coalesce(octet_length(r.result), 0) + coalesce(octet_length(q.original),
        0)) over (order by n.line)
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

/** The line that is written next, without what came of it; null after the last. */
export async function findNextLine(
  sql: Database,
  batch: OpenBatch,
): Promise<Pick<EndedLine, 'line' | 'customId' | 'jobId'> | null> {
  const [row] = await sql<Pick<EndedLine, 'line' | 'customId' | 'jobId'>[]>`
    select line, custom_id as "customId", job_id as "jobId" from batch_lines
    where batch_id = ${batch.id} and line > ${batch.assembledThrough}
    order by line limit 1`;
  return row ?? null;
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
      set assembled_through = ${through}, output_file_id = ${files.outputFileId},
        error_file_id = ${files.errorFileId}
      where id = ${batch.id}`;
  });
}

export type BatchEnding = {
  state: BatchEnd;
  /** Why it was refused as a whole. */
  errors: BatchFault[] | null;
  /** For a batch that never began: nothing came of its lines. */
  deleteLines: boolean;
  /** What webhooks report of it: made from the batch as it will be. */
  eventOf(batch: BatchRecord): { eventId: string; type: string; body: string };
};

/**
 * Ends a batch: its last state, its closed hold and the webhooks owed. What is done in `finish` commits with
 * it.
 */
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
    if (ending.deleteLines) {
      await tx`delete from batch_lines where batch_id = ${batch.id}`;
      await tx`update batches set total = 0, failed = 0, last_line = 0 where id = ${batch.id}`;
    }
    await closeBatchHold(tx, batch.holdId);
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
