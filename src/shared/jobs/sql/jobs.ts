import { withUsage } from '../../money/sql/charged-usage.ts';
import { asJson, type Database } from '../../platform/postgres/database.ts';
import type { JobState } from '../rules/job.ts';
import type { JobRecord } from '../rules/job-row.ts';
import { type JobRow, resubmittedFields } from '../rules/job-row.ts';
import { jobColumns, type RecordRow, recordColumns } from './job-columns.ts';

export type StoredJob = {
  job: JobRecord;
  request: string | null;
  result: string | null;
};

/** One job of one account with its texts; null when it is not there or somebody else's. */
export async function findJob(sql: Database, accountId: string, jobId: string): Promise<StoredJob | null> {
  const [row] = await sql<(RecordRow & Omit<StoredJob, 'job'>)[]>`
    select ${recordColumns(sql)}, nullif(q.request, '') as request, r.result
    from jobs j
    left join charges c on c.job_id = j.id
    left join job_requests q on q.job_id = j.id
    left join job_results r on r.job_id = j.id
    where j.id = ${jobId} and j.account_id = ${accountId}`;
  if (row === undefined) return null;
  const { request, result, ...rest } = row;
  return { job: withUsage(rest), request, result };
}

/**
 * One job of one account without its texts, which may be large; null when it is not there or somebody else's.
 */
export async function findJobRecord(
  sql: Database,
  accountId: string,
  jobId: string,
): Promise<JobRecord | null> {
  const [row] = await sql<RecordRow[]>`
    select ${recordColumns(sql)}
    from jobs j left join charges c on c.job_id = j.id
    where j.id = ${jobId} and j.account_id = ${accountId}`;
  return row === undefined ? null : withUsage(row);
}

/** The same with what it came to, and without what was asked. */
export async function findOutcome(
  sql: Database,
  accountId: string,
  jobId: string,
): Promise<{ job: JobRecord; result: string | null } | null> {
  const [row] = await sql<(RecordRow & { result: string | null })[]>`
    select ${recordColumns(sql)}, r.result
    from jobs j left join charges c on c.job_id = j.id left join job_results r on r.job_id = j.id
    where j.id = ${jobId} and j.account_id = ${accountId}`;
  if (row === undefined) return null;
  const { result, ...rest } = row;
  return { job: withUsage(rest), result };
}

export type JobFilter = {
  accountId: string;
  states: JobState[] | null;
  batchId: string | null;
  metadata: Record<string, string>;
  after: string | null;
  limit: number;
};

/**
 * So many jobs are looked at for one page, whether they fit or not: what a page costs does not grow with what
 * an account ever ran.
 */
const lookedAtMax = 5000;

export type JobPage = {
  /** One more than `limit`, where there are more. */
  jobs: JobRecord[];
  /** The last job that was looked at, when older ones may fit too: the next page goes on from it. */
  reachedId: string | null;
};

/** Jobs of one account, newest first. */
export async function listJobs(sql: Database, filter: JobFilter): Promise<JobPage> {
  const { states, metadata } = filter;
  const rows = await sql<RecordRow[]>`
    select ${recordColumns(sql)}
    from (
      select l.id from (${lookedAt(sql, filter)} limit ${lookedAtMax}) l
      where true
        ${states === null ? sql`` : sql`and l.state = any (${states}::text[])`}
        ${Object.keys(metadata).length === 0 ? sql`` : sql`and l.metadata @> ${asJson(metadata)}::jsonb`}
      order by l.id desc
      limit ${filter.limit + 1}
    ) f
    join jobs j on j.id = f.id
    left join charges c on c.job_id = j.id
    order by j.id desc`;
  const jobs = rows.map(withUsage);
  if (jobs.length > filter.limit) return { jobs, reachedId: null };
  const [reached] = await sql<{ id: string }[]>`
    select l.id from (${lookedAt(sql, filter)} offset ${lookedAtMax - 1} limit 1) l`;
  return { jobs, reachedId: reached?.id ?? null };
}

const unfinished: JobState[] = ['waiting', 'ticketed', 'running'];

/** What one index gives in the order of the list, before anything else is asked of it. */
function lookedAt(sql: Database, { accountId, states, batchId, after }: JobFilter) {
  const isUnfinished = states?.every((state) => unfinished.includes(state)) === true;
  return sql`
    select j.id, j.state, j.metadata from jobs j
    where j.account_id = ${accountId}
      ${isUnfinished ? sql`and j.finished_at is null` : sql``}
      ${batchId === null ? sql`` : sql`and j.batch_id = ${batchId}`}
      ${after === null ? sql`` : sql`and j.id < ${after}`}
    order by j.id desc`;
}

/** What was submitted, as far as it is still kept. */
export type StoredSubmission = Pick<JobRow, (typeof resubmittedFields)[number]> & {
  /** Null once erased, and before the job has ended. */
  request: string | null;
  targets: unknown;
};

/** The submission behind one job of an account, or null. The request is read only of a job that has ended. */
export async function findSubmission(
  sql: Database,
  accountId: string,
  jobId: string,
): Promise<StoredSubmission | null> {
  const [row] = await sql<StoredSubmission[]>`
    select ${jobColumns(resubmittedFields)},
      case when j.finished_at is not null then nullif(q.request, '') end as request, q.targets
    from jobs j left join job_requests q on q.job_id = j.id
    where j.id = ${jobId} and j.account_id = ${accountId}`;
  return row ?? null;
}

/** Ids of an account's unfinished jobs that fit, in order, from after `after`. */
export async function listUnfinishedIds(
  sql: Database,
  filter: {
    accountId: string;
    batchId: string | null;
    metadata: Record<string, string>;
    after: string;
    limit: number;
  },
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from jobs
    where account_id = ${filter.accountId} and finished_at is null and id > ${filter.after}
      and (${filter.batchId}::text is null or batch_id = ${filter.batchId})
      and metadata @> ${asJson(filter.metadata)}::jsonb
    order by id limit ${filter.limit}`;
  return rows.map((row) => row.id);
}
