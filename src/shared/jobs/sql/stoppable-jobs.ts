import type { Database } from '../../platform/postgres/database.ts';
import { type JobRow, stoppableFields } from '../rules/job-row.ts';
import { jobColumns } from './job-columns.ts';

/**
 * Requests that jobs stop; returns those that have not ended. The worker that runs one honours it, else the
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

/** One that waited too long; `lastError` is how its last call ended, null when it had none. */
export type OverdueJob = StoppableJob & { lastError: string | null };

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

/**
 * In how many ms a lease or the time of a waiting job is over, 0 or less when one is or one was asked to
 * stop; null when there is none. See migrations/functions/ms_until_overdue.sql.
 */
export async function msUntilOverdue(sql: Database): Promise<number | null> {
  const [row] = await sql<{ ms: number | null }[]>`select ms_until_overdue() as ms`;
  return row?.ms ?? null;
}

/**
 * Running jobs whose lease ended: their worker is gone, or slower than its lease. Looks at all that have a
 * ticket or run, which are few.
 */
export async function listOrphanedJobs(
  sql: Database,
  { limit, except = [], leaseSeconds }: SweepPage & { leaseSeconds: number },
): Promise<OrphanedJob[]> {
  return await sql<OrphanedJob[]>`
    with lost as materialized (
      select id, lease_until from jobs
      where state in ('ticketed', 'running') and lease_until < now() and id <> all (${except}::text[])
      order by lease_until limit ${limit}
    )
    select ${stoppableColumns(sql)}, mine.losses,
      case when mine.losses < 2 then 0 else (
        select count(*)::integer from workers w
        where w.seen_at >= mine.since and w.seen_at < now() - make_interval(secs => ${leaseSeconds})
          and w.id not in (select own.worker_id from attempts own where own.job_id = j.id)
      ) end as "otherLosses"
    from lost join jobs j on j.id = lost.id join job_requests q on q.job_id = j.id
    cross join lateral (
      select count(*)::integer as losses, min(a.started_at) as since from attempts a
      where a.job_id = j.id and a.outcome = 'unknown' and starts_with(a.error, ${lostPrefix})
    ) mine
    where j.state = 'running'
    order by lost.lease_until`;
}

/**
 * Jobs that are not running and should not run any more: past their deadline, or asked to stop between two
 * calls.
 */
export async function listOverdueJobs(
  sql: Database,
  { limit, except = [] }: SweepPage,
): Promise<OverdueJob[]> {
  return await sql<OverdueJob[]>`
    select ${stoppableColumns(sql)},
      (select a.error from attempts a where a.job_id = j.id order by a.number desc limit 1) as "lastError"
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
