import type { JobRecord } from '../../../jobs/rules/job-row.ts';
import { type RecordRow, recordColumns } from '../../../jobs/sql/job-columns.ts';
import { withUsage } from '../../../money/sql/charged-usage.ts';
import type { Database } from '../../../platform/postgres/database.ts';

/** What is known of a response before any of its texts is read. */
export type ResponseRecord = { job: JobRecord; inBackground: boolean };

/**
 * The job of a response that is stored, without its texts; null when there is none, or it was not to be
 * stored or was erased.
 */
export async function findResponseRecord(
  sql: Database,
  accountId: string,
  jobId: string,
): Promise<ResponseRecord | null> {
  const [row] = await sql<(RecordRow & { inBackground: boolean })[]>`
    select ${recordColumns(sql)}, j.announces is not distinct from 'response' as "inBackground"
    from jobs j left join charges c on c.job_id = j.id
    join job_requests q on q.job_id = j.id and q.original is not null
    where j.id = ${jobId} and j.account_id = ${accountId} and j.surface = 'responses'`;
  if (row === undefined) return null;
  const { inBackground, ...rest } = row;
  return { job: withUsage(rest), inBackground };
}

/** A response with what its client sent, all but the input, and what came of it, as JSON. */
export type ResponseTexts = { job: JobRecord; asked: string; result: string | null };

/**
 * From this size on the input is left out by Postgres: a response does not repeat it, and it may be
 * megabytes.
 */
const largeBytes = 16 * 1024;

/** The same response with its texts. Numbers and the order of members stay as they were sent. */
export async function findResponse(
  sql: Database,
  accountId: string,
  jobId: string,
): Promise<ResponseTexts | null> {
  const [row] = await sql<(RecordRow & Omit<ResponseTexts, 'job'>)[]>`
    select ${recordColumns(sql)}, r.result,
      case when octet_length(q.original) < ${largeBytes} then q.original
        else (select json_object_agg(m.key, m.value)::text from json_each(q.original::json) m
        where m.key <> 'input')
      end as asked
    from jobs j left join charges c on c.job_id = j.id left join job_results r on r.job_id = j.id
    join job_requests q on q.job_id = j.id and q.original is not null
    where j.id = ${jobId} and j.account_id = ${accountId} and j.surface = 'responses'`;
  if (row === undefined) return null;
  const { asked, result, ...rest } = row;
  return { job: withUsage(rest), asked, result };
}

/** All that its client sent, the input included; null when it was erased meanwhile. */
export async function readOriginal(sql: Database, jobId: string): Promise<string | null> {
  const [row] = await sql<{ original: string }[]>`
    select original from job_requests where job_id = ${jobId} and original is not null`;
  return row?.original ?? null;
}
