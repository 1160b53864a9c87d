import type { Database } from './database.ts';

/** A fact of the whole installation, or null when nobody recorded it. */
export async function readFact(sql: Database, key: string): Promise<string | null> {
  const [row] = await sql<{ value: string }[]>`select value from installation where key = ${key}`;
  return row?.value ?? null;
}

/** Records a fact; the last writer wins. */
export async function recordFact(sql: Database, key: string, value: string): Promise<void> {
  await sql`
    insert into installation (key, value) values (${key}, ${value})
    on conflict (key) do update set value = excluded.value`;
}

/** The providers the operator has paused. */
export async function listPausedProviders(sql: Database): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`select name from paused_providers`;
  return rows.map((row) => row.name);
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
export async function countWaitingByLane(
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
