import type { Database } from '../../platform/postgres/database.ts';

/** A client that lost its connection is taken for the same one for this long. */
const samenessMinutes = 15;

/** A call, and the job that is about to answer it. */
export type SyncCall = { jobId: string; accountId: string; fingerprint: string };

/** Notes a call before its job is accepted. */
export async function noteSyncCall(sql: Database, call: SyncCall): Promise<void> {
  await sql`
    insert into sync_calls (job_id, account_id, fingerprint)
    values (${call.jobId}, ${call.accountId}, ${call.fingerprint})
    on conflict (job_id) do nothing`;
}

/**
 * Forgets a call that was refused, unless somebody asked for it again meanwhile: who does so later asks for a
 * new one.
 */
export async function deleteSyncCall(sql: Database, jobId: string): Promise<void> {
  await sql`delete from sync_calls where job_id = ${jobId} and asks = 1`;
}

/** As long as for any balance (see ledger.ts). */
const lockWaitMs = 2000;

/**
 * The job of the newest call with this path and body, and how often it was asked for, this time included;
 * null when there is none or it ended without a result, so that asking again is worth a new try. The job may
 * be accepted a moment later only, or never when it was refused: whoever asks again submits it under the same
 * id.
 */
export async function reattachSyncCall(
  sql: Database,
  call: { accountId: string; fingerprint: string },
): Promise<{ jobId: string; asks: number } | null> {
  const [row] = await sql<{ jobId: string; asks: number }[]>`
    select job_id as "jobId", asks
    from reattach_sync_call(
      ${call.accountId}, ${call.fingerprint}, ${samenessMinutes}::integer, ${lockWaitMs}::integer
    )`;
  return row ?? null;
}

/** Counts one who asks for the job of a call by its Idempotency-Key; how often it was asked for then. */
export async function addRequest(sql: Database, jobId: string): Promise<number> {
  const [row] = await sql<{ asks: number }[]>`
    update sync_calls set asks = asks + 1 where job_id = ${jobId} returning asks`;
  return row?.asks ?? 1;
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
