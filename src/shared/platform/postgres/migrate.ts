import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Database } from './database.ts';
import { withCode } from './database-errors.ts';
import { hangUp, watchSilence } from './silence-watch.ts';

const migrationsTable = 'schema_migrations';
const connectMsMax = 10_000;
/** How long another migrator, or whoever holds a table, is waited for. */
const lockMsMax = 600_000;

/** The folder stands beside `src` and beside `dist`, so the same relative path serves both. */
const migrationsDir = fileURLToPath(new URL('../../../../migrations', import.meta.url));

/**
 * Brings the schema up to date, as the owner, over a direct connection (not through a transaction pooler: the
 * lock that keeps two migrators apart is a session lock). Does nothing when it already is. Forward only.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const config = { connectionString: databaseUrl, connectionTimeoutMillis: connectMsMax };
  const dbClient = new pg.Client({ ...config, lock_timeout: lockMsMax });
  dbClient.on('error', () => undefined);
  const watch = watchSilence({ config, isPooled: false }, () => undefined);
  try {
    await dbClient.connect();
    watch.begin(dbClient);
    await runner({
      dbClient,
      dir: migrationsDir,
      direction: 'up',
      migrationsTable,
      advisoryLockMode: 'wait',
      log: () => undefined,
    });
  } catch (error) {
    throw withCode(error);
  } finally {
    watch.stop();
    hangUp(dbClient);
  }
}

/** The migrations the code was built with, in order. */
function knownMigrations(): string[] {
  return readdirSync(migrationsDir)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

/**
 * Null when the schema is the one this code knows; else a sentence that says how they differ and what to do.
 */
export async function schemaMismatch(sql: Database): Promise<string | null> {
  const [table] = await sql`select to_regclass(${migrationsTable}) is not null as there`;
  const applied =
    table?.['there'] === true ? await sql<{ name: string }[]>`select name from schema_migrations` : [];
  const names = new Set(applied.map((row) => row.name));
  const missing = knownMigrations().filter((name) => !names.has(name));
  if (missing.length > 0) return `the schema lacks ${missing.join(', ')}; run "node dist/main.js migrate"`;
  const known = new Set(knownMigrations());
  const newer = [...names].filter((name) => !known.has(name));
  if (newer.length > 0)
    return `the schema has ${newer.join(', ')}, which this version does not know; deploy a newer one`;
  return null;
}
