import type { Database } from './database.ts';

/** A client that lost its connection is taken for the same one for this long. */
const samenessMinutes = 15;

/** Notes which job is about to answer a call; written before the job, so that no job is without it. */
export async function noteSyncCall(
  sql: Database,
  call: { jobId: string; accountId: string; fingerprint: string },
): Promise<void> {
  await sql`
    insert into sync_calls (job_id, account_id, fingerprint)
    values (${call.jobId}, ${call.accountId}, ${call.fingerprint})`;
}

/**
 * The job of the newest call with this path and body, and how often it was asked for, this time included; null when there is none
 * or it ended without a result, so that asking again is worth a new try. The job may be accepted a moment later only, or never
 * when it was refused: whoever asks again orders it under the same id.
 */
export async function askSyncCallAgain(
  sql: Database,
  call: { accountId: string; fingerprint: string },
): Promise<{ jobId: string; asks: number } | null> {
  const [row] = await sql<{ jobId: string; asks: number }[]>`
    update sync_calls c set asks = c.asks + 1
    from (
      select s.job_id from sync_calls s
      where s.account_id = ${call.accountId} and s.fingerprint = ${call.fingerprint}
        and s.created_at > now() - make_interval(mins => ${samenessMinutes})
      order by s.created_at desc limit 1
    ) newest left join jobs j on j.id = newest.job_id
    where c.job_id = newest.job_id and (
      j.id is null or j.state not in ('failed', 'cancelled', 'expired')
      or (j.state = 'cancelled' and exists (select 1 from job_results r where r.job_id = j.id))
    )
    returning c.job_id as "jobId", c.asks`;
  return row ?? null;
}

/** How often a call was asked for; 0 when it is forgotten. */
export async function countAsks(sql: Database, jobId: string): Promise<number> {
  const [row] = await sql<{ asks: number }[]>`select asks from sync_calls where job_id = ${jobId}`;
  return row?.asks ?? 0;
}

/** Forgets calls nobody can ask for again; how many, at most `limit`. */
export async function forgetSyncCalls(sql: Database, limit: number): Promise<number> {
  const rows = await sql`
    delete from sync_calls where job_id in (
      select job_id from sync_calls where created_at < now() - make_interval(mins => ${samenessMinutes}) limit ${limit}
    )
    returning job_id`;
  return rows.length;
}
