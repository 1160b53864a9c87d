import type { NanoUsd } from '../../money/rules/money.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** A job as the operator sees it: nothing of what was asked or answered. */
export type OperatorJob = {
  id: string;
  accountId: string;
  batchId: string | null;
  state: string;
  model: string;
  provider: string;
  answeredModel: string | null;
  attempts: number;
  holdNano: NanoUsd;
  chargeNano: NanoUsd | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

/** Jobs of all accounts, newest first, one more than `limit`. */
export async function listJobsOfAll(
  sql: Database,
  filter: {
    states: string[] | null;
    accountId: string | undefined;
    after: string | undefined;
    limit: number;
  },
): Promise<OperatorJob[]> {
  const { states, accountId = null, after = null } = filter;
  return await sql<OperatorJob[]>`
    select j.id, j.account_id as "accountId", j.batch_id as "batchId", j.state, j.model, j.provider,
      j.attempts,
      j.hold_nano as "holdNano", c.amount_nano as "chargeNano", c.model as "answeredModel",
      j.created_at as "createdAt",
      j.started_at as "startedAt", j.finished_at as "finishedAt"
    from jobs j left join charges c on c.job_id = j.id
    where (${states}::text[] is null or j.state = any (${states}::text[]))
      and (${accountId}::text is null or j.account_id = ${accountId})
      and (${after}::text is null or j.id < ${after})
    order by j.id desc
    limit ${filter.limit + 1}`;
}

/** Worker processes seen in the last half minute. */
export async function countWorkers(sql: Database): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::integer as n from workers where seen_at > now() - interval '30 seconds'`;
  return row?.n ?? 0;
}

/** How many jobs of each provider wait (ticketed ones included) and run. */
export async function countJobsByProvider(
  sql: Database,
): Promise<{ provider: string; backlog: number; running: number }[]> {
  return await sql<{ provider: string; backlog: number; running: number }[]>`
    select provider, (count(*) filter (where state <> 'running'))::integer as backlog,
      (count(*) filter (where state = 'running'))::integer as running
    from jobs where state in ('waiting', 'ticketed', 'running') group by provider`;
}

/** How many jobs of each provider and lane wait (ticketed ones included) and run. */
export async function countJobsByLane(
  sql: Database,
): Promise<{ provider: string; lane: number; waiting: number; running: number }[]> {
  return await sql<{ provider: string; lane: number; waiting: number; running: number }[]>`
    select provider, lane::integer as lane, (count(*) filter (where state <> 'running'))::integer as waiting,
      (count(*) filter (where state = 'running'))::integer as running
    from jobs where state in ('waiting', 'ticketed', 'running') group by provider, lane`;
}

/** How many webhooks are owed and not yet delivered. */
export async function countPendingDeliveries(sql: Database): Promise<number> {
  const [row] = await sql<
    { count: number }[]
  >`select count(*)::integer as count from deliveries where state = 'pending'`;
  return row?.count ?? 0;
}

/** Resolves when Postgres answers. */
export async function pingDatabase(sql: Database): Promise<void> {
  await sql`select 1`;
}
