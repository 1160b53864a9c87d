import { asJson, type Database, type Sql, type Transaction } from '../../platform/postgres/database.ts';
import type { BatchEndpointName, BatchKind, BatchRecord } from '../rules/batch.ts';

/** The columns of a BatchRecord, for `from batches b`. */
export const batchColumns = (sql: Sql) => sql`
  b.id, b.account_id as "accountId", b.kind, b.state, b.endpoint, b.asked, b.input_file_id as "inputFileId",
  b.output_file_id as "outputFileId", b.error_file_id as "errorFileId", b.webhook_url as "webhookUrl",
  b.metadata,
  b.output_expires_seconds as "outputExpiresSeconds", b.errors, b.total, b.completed, b.failed, b.cancelled,
  b.expired, b.charge_nano as "chargeNano",
  b.prompt_tokens as "promptTokens", b.cached_tokens as "cachedTokens",
  b.completion_tokens as "completionTokens",
  b.reasoning_tokens as "reasoningTokens", b.created_at as "createdAt", b.expires_at as "expiresAt",
  b.in_progress_at as "inProgressAt", b.cancelling_at as "cancellingAt", b.finalizing_at as "finalizingAt",
  b.finished_at as "finishedAt"`;

export type NewBatch = {
  id: string;
  accountId: string;
  kind: BatchKind;
  endpoint: BatchEndpointName;
  inputFileId: string;
  asked: number | null;
  fingerprint: string;
  retryOf: string | null;
  webhookUrl: string | null;
  metadata: Record<string, string> | null;
  outputExpiresSeconds: number | null;
  windowSeconds: number;
};

/**
 * Whether an account has fewer than `openMax` batches that have not ended. Its usage stays locked until the
 * transaction ends, so that what another one adds is seen.
 */
export async function isRoomForBatch(tx: Transaction, accountId: string, openMax: number): Promise<boolean> {
  await tx`select 1 from account_usage where account_id = ${accountId} for no key update`;
  const [row] = await tx<{ room: boolean }[]>`
    select count(*) < ${openMax} as room
    from (select 1 from batches where account_id = ${accountId} and finished_at is null
    limit ${openMax}) open`;
  return row?.room === true;
}

/** Stores a batch that nothing has been read of yet. */
export async function insertBatch(sql: Sql, batch: NewBatch): Promise<BatchRecord> {
  const [row] = await sql<BatchRecord[]>`
    insert into batches as b (
      id, account_id, kind, endpoint, input_file_id, asked, fingerprint, retry_of, webhook_url, metadata,
      output_expires_seconds, expires_at
    )
    values (
      ${batch.id}, ${batch.accountId}, ${batch.kind}, ${batch.endpoint}, ${batch.inputFileId},
      ${batch.asked}::integer,
      ${batch.fingerprint}, ${batch.retryOf}, ${batch.webhookUrl},
      ${batch.metadata === null ? null : asJson(batch.metadata)}::jsonb,
      ${batch.outputExpiresSeconds}::integer, now() + make_interval(secs => ${batch.windowSeconds})
    )
    returning ${batchColumns(sql)}`;
  if (row === undefined) throw new Error('an inserted batch is returned');
  return row;
}

type BatchOfAccount = { accountId: string; kind: BatchKind; id: string };

/** One batch of one account; null when it is not there, of another kind or somebody else's. */
export async function findBatch(
  sql: Sql,
  { accountId, kind, id }: BatchOfAccount,
): Promise<BatchRecord | null> {
  const [row] = await sql<BatchRecord[]>`
    select ${batchColumns(sql)} from batches b
    where b.id = ${id} and b.account_id = ${accountId} and b.kind = ${kind} and b.deleted_at is null`;
  return row ?? null;
}

/** The newest creation of the last quarter of an hour that was the same; null when there is none. */
export async function findSameBatch(
  sql: Sql,
  like: { accountId: string; fingerprint: string },
): Promise<BatchRecord | null> {
  const [row] = await sql<BatchRecord[]>`
    select ${batchColumns(sql)} from batches b
    where b.account_id = ${like.accountId} and b.fingerprint = ${like.fingerprint}
      and b.created_at > now() - interval '15 minutes' and b.deleted_at is null
    order by b.created_at desc limit 1`;
  return row ?? null;
}

export type BatchFilter = { accountId: string; kind: BatchKind; limit: number } & BatchCursor;
/** Where a page begins: after this id or, going back, before it. */
export type BatchCursor = { after: string | null; before: string | null };

/**
 * Batches of one account, newest first, one more than `limit`: it tells of more in the direction of the page.
 */
export async function listBatches(sql: Database, filter: BatchFilter): Promise<BatchRecord[]> {
  const { after, before } = filter;
  const isBack = before !== null;
  const rows = await sql<BatchRecord[]>`
    select ${batchColumns(sql)} from batches b
    where b.account_id = ${filter.accountId} and b.kind = ${filter.kind} and b.deleted_at is null
      ${after === null ? sql`` : sql`and b.id < ${after}`}
      ${isBack ? sql`and b.id > ${before}` : sql``}
    order by ${isBack ? sql`b.id` : sql`b.id desc`}
    limit ${filter.limit + 1}`;
  return rows;
}

/**
 * Asks for the end of a batch that has not begun to write its files; null when it is too late. The workers do
 * the rest.
 */
export async function requestBatchCancel(
  sql: Sql,
  { accountId, kind, id }: BatchOfAccount,
): Promise<BatchRecord | null> {
  const [row] = await sql<BatchRecord[]>`
    update batches b set state = 'cancelling', cancelling_at = now(), look_at = now()
    where b.id = ${id} and b.account_id = ${accountId} and b.kind = ${kind}
      and b.state in ('validating', 'in_progress')
    returning ${batchColumns(sql)}`;
  return row ?? null;
}

/**
 * Forgets the lines of batches that ended more than `days` ago; returns how much was done, in lines and
 * batches, at most about `limit`.
 */
export async function deleteOldLines(sql: Database, days: number, limit: number): Promise<number> {
  const old = await sql<{ id: string }[]>`
    select id from batches
    where finished_at < now() - make_interval(days => ${days}) and lines_erased_at is null
    order by finished_at limit ${limit}`;
  const ids = old.map(({ id }) => id);
  if (ids.length === 0) return 0;
  const lines = await sql`
    delete from batch_lines l
    using (select batch_id, line from batch_lines where batch_id = any (${ids}::text[]) limit ${limit}) old
    where l.batch_id = old.batch_id and l.line = old.line
    returning l.line`;
  await sql`
    update batches b set lines_erased_at = now()
    where b.id = any (${ids}::text[]) and not exists (select from batch_lines l where l.batch_id = b.id)`;
  return Math.max(lines.length, ids.length);
}

/**
 * Erases a batch that has ended: its files, its lines and the texts of its jobs. Nobody finds it any more;
 * its money stays in the ledger. False when it has not ended; null when there is none.
 */
export async function eraseBatch(sql: Database, one: BatchOfAccount): Promise<boolean | null> {
  return await sql.begin(async (tx) => {
    const batch = await findBatch(tx, one);
    if (batch === null) return null;
    if (batch.finishedAt === null) return false;
    const files = [batch.inputFileId, batch.outputFileId, batch.errorFileId];
    await tx`delete from files where id = any (${files}::text[])`;
    await tx`delete from batch_lines where batch_id = ${batch.id}`;
    await tx`delete from job_requests using jobs j where job_id = j.id and j.batch_id = ${batch.id}`;
    await tx`delete from job_results using jobs j where job_id = j.id and j.batch_id = ${batch.id}`;
    await tx`update batches set deleted_at = now() where id = ${batch.id}`;
    return true;
  });
}
