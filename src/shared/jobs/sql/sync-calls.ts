import type { Database } from '../../platform/postgres/database.ts';

/** A client that lost its connection is taken for the same one for this long. */
const samenessMinutes = 15;

/** As long as for any balance (see ledger.ts). */
const lockWaitMs = 2000;

/**
 * The job of the newest call with this path and body, and how often it was asked for, this time included;
 * null when there is none or it ended without a result, so that asking again is worth a new try. A call is
 * noted in the statement that accepts its job: one that is under way is waited for.
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
