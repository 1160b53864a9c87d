import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { adminKey, openTestServer, type TestServer } from '../../../api/test-server.ts';
import { canPrepare } from '../../../support/servers.ts';

/** Defaults that somebody gave the role in this database, none of them the one that Postgres has. */
const strange: [name: string, value: string][] = [
  ['DateStyle', "'German, DMY'"],
  ['DateStyle', "'SQL, DMY'"],
  ['DateStyle', "'Postgres, MDY'"],
  ['IntervalStyle', "'iso_8601'"],
  ['TimeZone', "'Pacific/Chatham'"],
  ['bytea_output', "'escape'"],
  ['extra_float_digits', '-15'],
  ['standard_conforming_strings', 'off'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['default_transaction_isolation', "'serializable'"],
];

let server: TestServer;
let sql: Database | undefined;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(async () => {
  await sql?.end();
  await server.close();
});

test.each(strange)('with %s = %s for the role everything goes on as ever', async (name, value) => {
  const [row] = await server.owner<{ name: string }[]>`select current_database() as name`;
  const at = `in database ${row?.name}`;
  await server.owner.unsafe(`alter role gateway_app ${at} set ${name} to ${value}`);
  try {
    // The pool of a process that starts now.
    const settings = { poolMax: 2, prepare: canPrepare(), applicationName: 'test' };
    sql = openDatabase({ url: server.appUrl, ...settings });
    const [read] = await sql<{ at: Date; bytes: Buffer; elements: (string | null)[]; short: number }[]>`
      select timestamptz '2030-01-31 12:00:00.123456+00' as at, '\\x00ff'::bytea as bytes,
        ${['a', null, 'NULL']}::text[] as elements, 0.1::double precision as short`;
    expect(read?.at.toISOString()).toBe('2030-01-31T12:00:00.123Z');
    expect([...(read?.bytes ?? [])]).toEqual([0, 255]);
    expect(read?.elements).toEqual(['a', null, 'NULL']);
    expect(read?.short).toBe(0.1);
    await sql.end();
  } finally {
    await server.owner.unsafe(`alter role gateway_app ${at} reset ${name}`);
  }
});

test('a job is taken and read as ever', async () => {
  const [row] = await server.owner<{ name: string }[]>`select current_database() as name`;
  const at = `in database ${row?.name}`;
  await server.owner.unsafe(`alter role gateway_app ${at} set DateStyle to 'German'`);
  await server.owner`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gateway_app' and datname = ${row?.name}`;
  const { id, key } = await server.openAccount({ usd: '1' });
  const request = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
  const made = await server.call('POST /v1/jobs', { as: key, body: { request } });
  expect(made.status).toBe(202);
  const job = await server.call(`GET /v1/jobs/${made.json.id}`, { as: key });
  expect(job.json.created_at).toMatch(/^20\d\d-/);
  expect((await server.call(`GET /v1/admin/accounts/${id}`, { as: adminKey })).status).toBe(200);
});
