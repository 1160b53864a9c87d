import type { Database, Sql } from '../../platform/postgres/database.ts';

/** The providers the operator has paused. */
export async function listPausedProviders(sql: Database): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`select name from paused_providers`;
  return rows.map((row) => row.name);
}

/** Stops new work for a provider; nothing changes when it is paused already. */
export async function insertPausedProvider(sql: Sql, name: string): Promise<void> {
  await sql`insert into paused_providers (name) values (${name}) on conflict do nothing`;
}

/** Lets a provider work again; nothing changes when it was not paused. */
export async function deletePausedProvider(sql: Sql, name: string): Promise<void> {
  await sql`delete from paused_providers where name = ${name}`;
}
