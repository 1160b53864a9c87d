import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { migrate } from '../../../../src/shared/platform/postgres/migrate.ts';
import {
  type MigrationFiles,
  readMigrationFiles,
  type SchemaFunction,
} from '../../../../src/shared/platform/postgres/migration-files.ts';
import { schemaMismatch } from '../../../../src/shared/platform/postgres/schema-check.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../../../support/empty-database.ts';
import { schemaSnapshot } from '../../../support/schema-snapshot.ts';
import { newTempFolder } from '../../../support/temp-folder.ts';

const files = readMigrationFiles();
const databases: EmptyDatabase[] = [];
afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function emptyDatabase(): Promise<EmptyDatabase> {
  const database = await createEmptyDatabase();
  databases.push(database);
  return database;
}

async function migrated(by: MigrationFiles = files): Promise<EmptyDatabase> {
  const database = await emptyDatabase();
  await migrate(database.ownerUrl, by);
  return database;
}

/** What a process of the run-time role says of the schema. */
async function mismatch(database: EmptyDatabase, of: MigrationFiles = files): Promise<string | null> {
  const sql = openDatabase({ url: database.appUrl, poolMax: 1, prepare: false, applicationName: 'test' });
  try {
    return await schemaMismatch(sql, of);
  } finally {
    await sql.end();
  }
}

const answer = (value: number): SchemaFunction => ({
  name: 'answer',
  text: `create or replace function answer() returns integer language sql as 'select ${value}'`,
  sha256: `hash of ${value}`,
});
const withFunction = (entry: SchemaFunction): MigrationFiles => ({
  ...files,
  functions: [...files.functions, entry],
});
const withMigration = (name: string): MigrationFiles => ({
  ...files,
  migrations: [...files.migrations, { name, text: 'create table added_later ()' }],
});
const answerOf = async (database: EmptyDatabase) =>
  (await database.query<{ answer: number }>('select answer()'))[0]?.answer;

test('a process accepts a fresh database, and refuses an empty one with what it lacks', async () => {
  expect(await mismatch(await migrated())).toBeNull();
  expect(await mismatch(await emptyDatabase())).toMatch(
    /^the schema lacks 0001_accounts, .*run "node dist\/main.js migrate"$/,
  );
});

test('a second run changes nothing', async () => {
  const database = await migrated();
  const records = () =>
    database.query(
      'select name, run_on::text from schema_migrations union all select name, sha256 from schema_functions',
    );
  const before = await records();
  await migrate(database.ownerUrl);
  expect(await records()).toEqual(before);
});

/** The last commit whose numbered migrations held the functions; not in every copy of the source. */
const beforeFunctionFiles = '7805877';
function migrationsBeforeFunctionFiles(): { name: string; text: string }[] | null {
  const dir = newTempFolder('migrations');
  try {
    const archive = execFileSync('git', ['archive', beforeFunctionFiles, 'migrations'], { stdio: 'pipe' });
    execFileSync('tar', ['-x', '-C', dir], { input: archive });
  } catch {
    return null;
  }
  const folder = join(dir, 'migrations');
  return readdirSync(folder)
    .sort()
    .map((file) => ({ name: file.slice(0, -4), text: readFileSync(join(folder, file), 'utf8') }));
}

const earlier = migrationsBeforeFunctionFiles();
test.skipIf(earlier === null)(
  'a database from before the function files becomes the same as a fresh one',
  async () => {
    const upgraded = await emptyDatabase();
    await upgraded.query(`create table schema_migrations (
    id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
    for (const { name, text } of earlier ?? []) {
      await upgraded.query(text);
      await upgraded.query(`insert into schema_migrations (name, run_on) values ('${name}', now())`);
    }
    await migrate(upgraded.ownerUrl);
    expect(await mismatch(upgraded)).toBeNull();
    expect(await schemaSnapshot(upgraded)).toEqual(await schemaSnapshot(await migrated()));
  },
);

test('a function is created anew when its text changed, and the run-time role may execute it', async () => {
  const database = await migrated(withFunction(answer(1)));
  expect(await answerOf(database)).toBe(1);
  expect(await mismatch(database, withFunction(answer(2)))).toBe(
    'the schema lacks functions/answer; run "node dist/main.js migrate"',
  );
  await database.query('revoke execute on function answer() from public');
  await migrate(database.ownerUrl, withFunction(answer(2)));
  expect(await answerOf(database)).toBe(2);
  const [grant] = await database.query<{ may: boolean }>(
    "select has_function_privilege('gateway_runtime', 'answer()', 'execute') as may",
  );
  expect(grant?.may).toBe(true);
});

test('an older release does not bring its function back, and works with the newer one', async () => {
  const database = await migrated(withFunction(answer(1)));
  await migrate(database.ownerUrl, withFunction(answer(2)));
  await migrate(database.ownerUrl, withFunction(answer(1)));
  expect(await answerOf(database)).toBe(2);
  expect(await mismatch(database, withFunction(answer(1)))).toBeNull();
});

test('a function that cannot be created undoes the whole migration', async () => {
  const database = await emptyDatabase();
  const broken = {
    ...answer(1),
    text: 'create function answer() returns integer language sql as $$ nonsense $$',
  };
  await expect(migrate(database.ownerUrl, withFunction(broken))).rejects.toThrow(/nonsense/);
  expect(await mismatch(database)).toMatch(/^the schema lacks 0001_accounts/);
});

test('two migrators at once apply everything once', async () => {
  const database = await emptyDatabase();
  await Promise.all([migrate(database.ownerUrl), migrate(database.ownerUrl)]);
  const [count] = await database.query<{ migrations: string; functions: string }>(
    `select (select count(*) from schema_migrations) as migrations,
      (select count(*) from schema_functions) as functions`,
  );
  expect(count).toEqual({
    migrations: String(files.migrations.length),
    functions: String(files.functions.length),
  });
});

test('a schema with a newer migration is accepted and left as it is', async () => {
  const newer = withMigration('9000_added_later');
  const database = await migrated({ ...newer, functions: withFunction(answer(2)).functions });
  await migrate(database.ownerUrl, withFunction(answer(1)));
  expect(await answerOf(database)).toBe(2);
  expect(await mismatch(database, withFunction(answer(1)))).toBeNull();
});

test('a schema with a breaking migration is refused by its name', async () => {
  const database = await migrated(withMigration('9000_added_later.breaking'));
  expect(await mismatch(database, withMigration('9000_added_later.breaking'))).toBeNull();
  expect(await mismatch(database)).toBe(
    'the schema has 9000_added_later.breaking, which this version cannot work with; deploy a newer one',
  );
});

test('a migration that belongs before an applied one is refused', async () => {
  const database = await migrated();
  await expect(migrate(database.ownerUrl, withMigration('0001_a_late_one'))).rejects.toThrow(
    /0001_a_late_one belongs before 00/,
  );
});
