import pg from 'pg';
import { withCode } from './database-errors.ts';
import { type MigrationFiles, readMigrationFiles } from './migration-files.ts';
import { hangUp, watchSilence } from './silence-watch.ts';

type Client = InstanceType<typeof pg.Client>;

const connectTimeoutMs = 10_000;
/** How long another migrator, or whoever holds a table, is waited for. */
const lockTimeoutMs = 600_000;
/** The lock that keeps two migrators apart, whatever release they are of. */
const migratorLock = '7241865325823964';

/**
 * Brings the schema up to date, as the owner, over a direct connection (not through a transaction pooler: the
 * lock that keeps two migrators apart is a session lock). Applies the migrations that are missing and then
 * the functions that changed, all in one transaction; does nothing when nothing is missing. Forward only: a
 * migration that belongs before one that was applied already is refused.
 */
export async function migrate(databaseUrl: string, files = readMigrationFiles()): Promise<void> {
  const config = { connectionString: databaseUrl, connectionTimeoutMillis: connectTimeoutMs };
  const client = new pg.Client({ ...config, lock_timeout: lockTimeoutMs });
  client.on('error', () => undefined);
  const watch = watchSilence({ config, isPooled: false }, () => undefined);
  try {
    await client.connect();
    watch.begin(client);
    await client.query(`select pg_advisory_lock(${migratorLock})`);
    await client.query('begin');
    await applyAll(client, files);
    await client.query('commit');
  } catch (error) {
    throw withCode(error);
  } finally {
    watch.stop();
    // The lock ends with the session, and so does a transaction that failed.
    hangUp(client);
  }
}

async function applyAll(client: Client, { migrations, functions }: MigrationFiles): Promise<void> {
  await client.query(recordTables);
  const applied = await readNames(client, 'select name from schema_migrations');
  const missing = migrations.filter(({ name }) => !applied.has(name));
  refuseLateMigration(
    missing.map(({ name }) => name),
    applied,
  );
  for (const { name, text } of missing) {
    await client.query(text);
    await client.query('insert into schema_migrations (name, run_on) values ($1, now())', [name]);
  }

  const known = new Set(migrations.map(({ name }) => name));
  const isNewer = [...applied].some((name) => !known.has(name));
  // A newer release has been here: its functions serve this one too, and these would not serve it.
  if (isNewer) return;
  const seen = await readNames(client, "select name || ' ' || sha256 as name from schema_functions");
  const changed = functions.filter(({ name, sha256 }) => !seen.has(`${name} ${sha256}`));
  for (const { name, text, sha256 } of changed) {
    await client.query(text);
    await client.query('insert into schema_functions (name, sha256) values ($1, $2)', [name, sha256]);
  }
  if (changed.length > 0) await client.query(functionGrants);
}

async function readNames(client: Client, text: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(text);
  return new Set(rows.map(({ name }) => name));
}

function refuseLateMigration(missing: string[], applied: Set<string>): void {
  const newest = [...applied].sort().at(-1) ?? '';
  const late = missing.find((name) => name < newest);
  if (late !== undefined) {
    throw new Error(
      `migration ${late} belongs before ${newest}, which was applied already; give it a later number`,
    );
  }
}

/**
 * What was applied: each migration, and each text that a function has ever had. A text that was applied once
 * is never applied again, so that a process of an older release does not bring its functions back.
 */
const recordTables = `
  create table if not exists schema_migrations (
    id serial primary key, name varchar(255) not null, run_on timestamp not null
  );
  create table if not exists schema_functions (
    name text not null, sha256 text not null, applied_at timestamptz not null default now(),
    primary key (name, sha256)
  )`;

const functionGrants = `
  do $$
  begin
    if exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
      grant execute on all functions in schema public to gateway_runtime;
      grant select on schema_functions to gateway_runtime;
      revoke insert, update, delete, truncate on schema_functions from gateway_runtime;
    end if;
  end $$`;
