import type { Usage } from '../../chat/usage.ts';
import { withUsage } from '../../money/sql/charged-usage.ts';
import { asJson, type Database } from '../../platform/postgres/database.ts';
import type { JobState } from '../rules/job.ts';
import type { JobRecord } from '../rules/job-row.ts';
import { type JobRow, resubmittedFields, stoppableFields } from '../rules/job-row.ts';
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

export type AttemptRow = {
  attempt: number;
  provider: string;
  model: string;
  started_at: Date;
  ended_at: Date | null;
  outcome: string;
  status: number | null;
  error: string | null;
  usage: Usage | null;
  cost_nano: bigint | null;
  service_tier: string | null;
};

/** Every provider call of a job, in order. */
export async function listAttempts(sql: Database, jobId: string): Promise<AttemptRow[]> {
  return await sql<AttemptRow[]>`
    select number as attempt, provider, model, started_at, ended_at, outcome, status, error, usage, cost_nano,
      service_tier
    from attempts where job_id = ${jobId} order by number`;
}

/**
 * Notes the wish to stop jobs; gives those that have not ended. The worker that runs one honours it, else the
 * reaper.
 */
export async function requestCancels(sql: Database, jobIds: string[]): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    update jobs set cancel_requested_at = coalesce(cancel_requested_at, now())
    where id = any (${jobIds}::text[]) and finished_at is null
    returning id`;
  return rows.map(({ id }) => id);
}

/** A job that nobody runs any more, with what its ending needs. */
export type StoppableJob = Pick<JobRow, (typeof stoppableFields)[number]> & {
  targets: unknown;
  /** Whether it was asked to stop. */
  cancel: boolean;
  /** Whether its deadline is over. */
  late: boolean;
};

const stoppableColumns = (sql: Database) => sql`
  ${jobColumns(stoppableFields)}, q.targets, j.cancel_requested_at is not null as cancel,
  j.deadline_at <= now() as late`;

/** How the error of an attempt begins that was closed because its worker was gone. */
export const lostPrefix = 'lost: ';

/**
 * A running job that nobody runs. `losses` says how often that happened to it before, `otherLosses` how many
 * workers that never called it have died since its first loss: a worker that stops takes itself off the list,
 * one that has not been seen for a lease is dead. The latter is counted once the former is two, as nobody
 * asks before.
 */
export type OrphanedJob = StoppableJob & { losses: number; otherLosses: number };

/** A page of them, without some that are left alone. */
export type SweepPage = { limit: number; except?: string[] };

/** Running jobs whose lease ended: their worker is gone, or slower than its lease. */
export async function listOrphanedJobs(
  sql: Database,
  { limit, except = [], leaseSeconds }: SweepPage & { leaseSeconds: number },
): Promise<OrphanedJob[]> {
  return await sql<OrphanedJob[]>`
    select ${stoppableColumns(sql)}, mine.losses,
      case when mine.losses < 2 then 0 else (
        select count(*)::integer from workers w
        where w.seen_at >= mine.since and w.seen_at < now() - make_interval(secs => ${leaseSeconds})
          and w.id not in (select own.worker_id from attempts own where own.job_id = j.id)
      ) end as "otherLosses"
    from jobs j join job_requests q on q.job_id = j.id
    cross join lateral (
      select count(*)::integer as losses, min(a.started_at) as since from attempts a
      where a.job_id = j.id and a.outcome = 'unknown' and starts_with(a.error, ${lostPrefix})
    ) mine
    where j.state = 'running' and j.lease_until < now() and j.id <> all (${except}::text[])
    order by j.lease_until limit ${limit}`;
}

/**
 * Jobs that are not running and should not run any more: past their deadline, or asked to stop between two
 * calls.
 */
export async function listOverdueJobs(
  sql: Database,
  { limit, except = [] }: SweepPage,
): Promise<StoppableJob[]> {
  return await sql<StoppableJob[]>`
    select ${stoppableColumns(sql)}
    from jobs j join job_requests q on q.job_id = j.id
    where j.id in (
      (select id from jobs where deadline_at <= now() and state in ('waiting', 'ticketed')
        and id <> all (${except}::text[]) order by deadline_at limit ${limit})
      union
      (select id from jobs where cancel_requested_at is not null and state in ('waiting', 'ticketed')
        and id <> all (${except}::text[]) order by id limit ${limit})
    )`;
}

/** Those of these jobs of an account that are waiting or ticketed, with what their ending needs. */
export async function findEndableJobs(
  sql: Database,
  accountId: string,
  jobIds: string[],
): Promise<StoppableJob[]> {
  return await sql<StoppableJob[]>`
    select ${stoppableColumns(sql)}
    from jobs j join job_requests q on q.job_id = j.id
    where j.id = any (${jobIds}::text[]) and j.account_id = ${accountId}
      and j.state in ('waiting', 'ticketed')`;
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
