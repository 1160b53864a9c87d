import type { Database } from '../../platform/postgres/database.ts';

/** A client that lost its connection is taken for the same one for this long. */
const samenessMinutes = 15;

/** A call, and the job that is about to answer it. */
export type SyncCall = { jobId: string; accountId: string; fingerprint: string };

/** Notes which jobs are about to answer calls; written before the jobs, so that none is without it. */
export async function recordSyncCalls(sql: Database, calls: SyncCall[]): Promise<void> {
  await sql`
    insert into sync_calls (job_id, account_id, fingerprint)
    select * from unnest(
      ${calls.map(({ jobId }) => jobId)}::text[], ${calls.map(({ accountId }) => accountId)}::text[],
      ${calls.map(({ fingerprint }) => fingerprint)}::text[]
    )`;
}

/**
 * Forgets a call that was refused, unless somebody asked for it again meanwhile: who does so later asks for a
 * new one.
 */
export async function deleteSyncCall(sql: Database, jobId: string): Promise<void> {
  await sql`delete from sync_calls where job_id = ${jobId} and asks = 1`;
}

/**
 * The job of the newest call with this path and body, and how often it was asked for, this time included;
 * null when there is none or it ended without a result, so that asking again is worth a new try. The job may
 * be accepted a moment later only, or never when it was refused: whoever asks again orders it under the same
 * id.
 */
export async function reattachSyncCall(
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
export async function countRequests(sql: Database, jobId: string): Promise<number> {
  const [row] = await sql<{ asks: number }[]>`select asks from sync_calls where job_id = ${jobId}`;
  return row?.asks ?? 0;
}

/** Forgets calls nobody can ask for again; how many, at most `limit`. */
export async function deleteOldSyncCalls(sql: Database, limit: number): Promise<number> {
  const rows = await sql`
    delete from sync_calls where job_id in (
      select job_id from sync_calls where created_at < now() - make_interval(mins => ${samenessMinutes})
      limit ${limit}
    )
    returning job_id`;
  return rows.length;
}
