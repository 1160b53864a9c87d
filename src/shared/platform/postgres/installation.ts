import type { Database } from './database.ts';

/** A fact of the whole installation, or null when nobody recorded it. */
export async function readFact(sql: Database, key: string): Promise<string | null> {
  const [row] = await sql<{ value: string }[]>`select value from installation where key = ${key}`;
  return row?.value ?? null;
}

/** Records a fact unless it is there. */
export async function recordFirstFact(sql: Database, key: string, value: string): Promise<void> {
  await sql`insert into installation (key, value) values (${key}, ${value}) on conflict do nothing`;
}

/** Records a fact; the last writer wins. */
export async function recordFact(sql: Database, key: string, value: string): Promise<void> {
  await sql`
    insert into installation (key, value) values (${key}, ${value})
    on conflict (key) do update set value = excluded.value`;
}
