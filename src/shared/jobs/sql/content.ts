import type { Database } from '../../platform/postgres/database.ts';

/**
 * Erases the texts of these jobs: what was asked, what came back, and the bodies of their webhooks. Money
 * stays. A webhook that is being posted at this moment loses its lease: what comes of it is not recorded,
 * else it would be tried again without a body.
 */
async function eraseContent(sql: Database, jobIds: string[]): Promise<void> {
  await sql`
    with requests as (delete from job_requests where job_id = any (${jobIds}::text[])),
    results as (delete from job_results where job_id = any (${jobIds}::text[])),
    posting as (
      update delivery_attempts a set outcome = 'unknown', error = 'erased'
      from deliveries d
      where d.job_id = any (${jobIds}::text[]) and a.delivery_id = d.id and a.outcome = 'started'
    ),
    erased as (
      update jobs set content_erased_at = now() where id = any (${jobIds}::text[])
        and content_erased_at is null
    )
    update deliveries
    set body = '', lease_token = null, lease_until = null, state = case when state = 'pending'
      then 'exhausted' else state end,
      next_attempt_at = case when state = 'pending' then null else next_attempt_at end,
      finished_at = coalesce(finished_at, now())
    where job_id = any (${jobIds}::text[])`;
}

/**
 * Erases the texts of one final job of an account: true, or false when it has not ended; null when there is
 * none.
 */
export async function eraseJob(sql: Database, accountId: string, jobId: string): Promise<boolean | null> {
  const [job] = await sql<{ final: boolean }[]>`
    select finished_at is not null as final from jobs where id = ${jobId} and account_id = ${accountId}`;
  if (job === undefined) return null;
  if (!job.final) return false;
  await eraseContent(sql, [jobId]);
  return true;
}

/**
 * Forgets what was sent to a surface that shows it again: the job goes on, and is not to be found there any
 * more.
 */
export async function eraseOriginal(sql: Database, jobId: string): Promise<void> {
  await sql`update job_requests set original = null where job_id = ${jobId}`;
}

/** Erases the texts of jobs that ended more than `days` ago; returns how many, at most `limit`. */
export async function eraseOldContent(sql: Database, days: number, limit: number): Promise<number> {
  const rows = await sql<{ id: string }[]>`
    select id from jobs
    where finished_at < now() - make_interval(days => ${days}) and content_erased_at is null
    order by finished_at
    limit ${limit}`;
  if (rows.length > 0)
    await eraseContent(
      sql,
      rows.map((row) => row.id),
    );
  return rows.length;
}

/**
 * Erases the bodies of webhooks about batches that were done with more than `days` ago; returns how many, at
 * most `limit`.
 */
export async function eraseOldBatchEvents(sql: Database, days: number, limit: number): Promise<number> {
  const rows = await sql`
    update deliveries set body = ''
    where id in (
      select id from deliveries
      where batch_id is not null and body <> '' and finished_at < now() - make_interval(days => ${days})
      limit ${limit}
    )
      -- Again, of the row that is locked: a replay may have come in between, and it needs its body.
      and finished_at is not null
    returning id`;
  return rows.length;
}
