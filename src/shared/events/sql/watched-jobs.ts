import type { Usage } from '../../chat/usage.ts';
import type { JobError, JobState } from '../../jobs/rules/job.ts';
import { type UsageColumns, usageColumns, withUsage } from '../../money/sql/charged-usage.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { StartFacts } from '../rules/event.ts';

/** What a watcher needs of a job's row. */
export type WatchedJob = {
  id: string;
  accountId: string;
  state: JobState;
  stream: boolean;
  /** Calls that have begun. */
  attempts: number;
  /** Its result was erased, and its events with it. */
  erased: boolean;
  /** Id of the last event known; once the state is final, the final event's. */
  eventSeq: number;
  error: JobError | null;
  chargeNano: bigint | null;
  estimated: boolean;
  usage: Usage | null;
};

type WatchedRow = Omit<WatchedJob, 'usage'> & UsageColumns;

/** One job, whoever's it is; null when there is none. The caller compares the account. */
export async function findWatchedJob(sql: Database, jobId: string): Promise<WatchedJob | null> {
  const [row] = await sql<WatchedRow[]>`
    select j.id, j.account_id as "accountId", j.state, j.stream, j.attempts,
      j.state = 'succeeded' and not exists (select from job_results r where r.job_id = j.id) as erased,
      j.event_seq as "eventSeq", j.error, c.amount_nano as "chargeNano", coalesce(c.estimated,
        false) as estimated,
      ${usageColumns(sql)}
    from jobs j left join charges c on c.job_id = j.id
    where j.id = ${jobId}`;
  return row === undefined ? null : withUsage(row);
}

/** Those of these jobs that are final. */
export async function listFinalJobs(sql: Database, jobIds: string[]): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from jobs where id = any (${jobIds}::text[]) and finished_at is not null`;
  return rows.map(({ id }) => id);
}

/** How far a job has come: how many calls of it have begun, and whether it is final. */
export type JobProgress = { id: string; attempts: number; isFinal: boolean };

/** How far these jobs have come. */
export async function listProgress(sql: Database, jobIds: string[]): Promise<JobProgress[]> {
  return await sql<JobProgress[]>`
    select id, attempts, finished_at is not null as "isFinal" from jobs
    where id = any (${jobIds}::text[])`;
}

/** The stored chat completion of a job as JSON text; null when it has none. */
export async function findResult(sql: Database, jobId: string): Promise<string | null> {
  const [row] = await sql<{ result: string }[]>`select result from job_results where job_id = ${jobId}`;
  return row?.result ?? null;
}

/** The calls of a job in order, as `job.started` reports them. */
export async function listStarts(sql: Database, jobId: string): Promise<StartFacts[]> {
  return await sql<StartFacts[]>`
    select number as attempt, provider, model from attempts where job_id = ${jobId} order by number`;
}
