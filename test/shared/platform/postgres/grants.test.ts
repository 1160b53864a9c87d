import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';

let database: TestDatabase;
let sql: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.appUrl, poolMax: 2, prepare: true, applicationName: 'test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const evidence = [
  'accounts',
  'api_keys',
  'attempts',
  'balances',
  'batches',
  'charges',
  'deliveries',
  'delivery_attempts',
  'entries',
  'holds',
  'installation',
  'jobs',
  'overruns',
  'schema_migrations',
  'webhook_endpoints',
];

test.each([
  ...evidence.flatMap((table) => [`delete from ${table}`, `truncate ${table} cascade`]),
  "update overruns set job_id = 'x'",
  "update entries set account_id = 'x'",
  "update charges set job_id = 'x'",
  "update api_keys set scopes = array['admin']",
  'update api_keys set expires_at = null',
  "update api_keys set secret_sha256 = ''",
  "update api_keys set account_id = 'x'",
  "update schema_migrations set name = 'x'",
  "insert into schema_migrations (name, run_on) values ('x', now())",
  'drop table jobs',
  'alter table entries disable trigger all',
])('the run-time role may not: %s', async (statement) => {
  await expect(sql.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
});

test('it may revoke a key', async () => {
  await sql.unsafe("update api_keys set revoked_at = now() where id = 'none'");
});
