import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from './gateway.ts';

const pollMs = 50;
/** Far longer than any figure takes: what has not ended by then will not. */
const maxWaitMs = 10 * 60_000;

/** Waits until every job of the account is final; false when some are not after ten minutes. */
export async function untilSettled(gateway: Gateway, account: string): Promise<boolean> {
  return await untilNone(gateway, 'account_id', account);
}

/** Waits until one job is final; false when it is not after ten minutes. */
export async function untilFinal(gateway: Gateway, jobId: string): Promise<boolean> {
  return await untilNone(gateway, 'id', jobId);
}

async function untilNone({ sql }: Gateway, column: 'account_id' | 'id', value: string): Promise<boolean> {
  const giveUpAt = Date.now() + maxWaitMs;
  while (Date.now() < giveUpAt) {
    const { rows } = await sql.query(
      `select 1 from jobs where ${column} = $1 and finished_at is null limit 1`,
      [value],
    );
    if (rows.length === 0) return true;
    await sleep(pollMs);
  }
  return false;
}

/** The database's own clock, for asking later what happened since. */
export async function databaseNow({ sql }: Gateway): Promise<Date> {
  const { rows } = await sql.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date();
}

export type Settled = { jobs: number; failed: number; seconds: number };

/**
 * What was settled since a moment, of all accounts, and how long that took: from the first submission
 * (`created_at`) or the first call (`started_at`) of these jobs to the last settlement.
 */
export async function settledSince(
  { sql }: Gateway,
  since: Date,
  from: 'created_at' | 'started_at',
): Promise<Settled> {
  const { rows } = await sql.query<Settled>(
    `select count(*)::integer as jobs, count(*) filter (where state <> 'succeeded')::integer as failed,
      coalesce(extract(epoch from max(finished_at) - min(${from})), 0)::double precision as seconds
    from jobs where finished_at >= $1`,
    [since],
  );
  return rows[0] ?? { jobs: 0, failed: 0, seconds: 0 };
}
