import type { Database } from '../../src/shared/platform/postgres/database.ts';
import type { Fragment } from '../../src/shared/platform/postgres/sql-template.ts';
import { sleep } from './faults/fault.ts';

const pollMs = 100;
const firstPollMs = 25;

/** What has not come to rest, a line each. */
export async function listUnrest(sql: Database): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    (select concat_ws(' ', id, state, provider, 'lane', lane, 'attempts', attempts,
        'in', extract(epoch from run_at - now())::integer, 's') as line
      from jobs where finished_at is null limit 5)
    union all
    (select concat_ws(' ', id, 'for', job_id, 'tries', tries,
        'in', extract(epoch from next_attempt_at - now())::integer, 's')
      from deliveries where state = 'pending' limit 5)
    union all
    (select concat_ws(' ', id, state, 'of', account_id) from batches where finished_at is null limit 5)`;
  return rows.map(({ line }) => line);
}

/**
 * Waits until every job and every batch is final and every webhook sent; false when that is not so after
 * `maxWaitMs`.
 */
export async function quiesce(sql: Database, maxWaitMs: number): Promise<boolean> {
  const until = Date.now() + maxWaitMs;
  for (;;) {
    const [row] = await sql<{ busy: boolean }[]>`
      select exists (select 1 from jobs where finished_at is null)
        or exists (select 1 from deliveries where state = 'pending')
        or exists (select 1 from batches where finished_at is null) as busy`;
    if (row?.busy === false) return true;
    if (Date.now() > until) return false;
    await sleep(pollMs);
  }
}

/** How long after this moment the first job was settled, in ms; null when none was within `maxWaitMs`. */
export async function firstSettledAfter(
  sql: Database,
  momentMs: number,
  maxWaitMs: number,
): Promise<number | null> {
  const moment = new Date(momentMs);
  const first = sql`select min(created_at) as at from charges where created_at > ${moment}`;
  return await firstAfter(sql, first, momentMs, maxWaitMs);
}

/**
 * How long after this moment the first job that was accepted after it had its result, in ms; null when none
 * had within `maxWaitMs`.
 */
export async function firstDoneAfter(
  sql: Database,
  momentMs: number,
  maxWaitMs: number,
): Promise<number | null> {
  const first = sql`
    select min(finished_at) as at from jobs
    where state = 'succeeded' and created_at > ${new Date(momentMs)}`;
  return await firstAfter(sql, first, momentMs, maxWaitMs);
}

/** Asks for the time of the first, as `at`, until there is one; a database that is away is asked again. */
async function firstAfter(
  sql: Database,
  first: Fragment,
  momentMs: number,
  maxWaitMs: number,
): Promise<number | null> {
  const until = momentMs + maxWaitMs;
  while (Date.now() < until) {
    const [row] = await sql<{ at: Date | null }[]>`${first}`.catch(() => []);
    if (row?.at != null) return row.at.getTime() - momentMs;
    await sleep(firstPollMs);
  }
  return null;
}
