import type { Usage } from '../../chat/usage.ts';
import type { Database } from '../../platform/postgres/database.ts';

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
