import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { isDatabaseUnavailable } from '../../../../src/shared/platform/postgres/database-errors.ts';
import { type FaultProxy, startFaultProxy } from '../../../../tools/chaos/fault-proxy.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let proxy: FaultProxy;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.appUrl);
  proxy = await startFaultProxy({ target: { host: url.hostname, port: Number(url.port) }, protocol: 'tcp' });
  url.port = String(proxy.port);
  sql = openDatabase({ url: url.toString(), poolMax: 1, prepare: true, applicationName: 'test' });
});
afterAll(async () => {
  await sql.end();
  await proxy.close();
  await database.drop();
});

/** What a caller does that asks again the moment it was told that its connection is gone. */
async function askTwice(): Promise<unknown> {
  try {
    return await sql`select pg_sleep(0.05)`;
  } catch {
    return await sql`select 1`.catch((error: unknown) => error);
  }
}

test('every query settles, also one that is asked in the moment in which its connection breaks', async () => {
  for (let round = 0; round < 20; round += 1) {
    const asked = askTwice();
    setTimeout(() => proxy.cutAll(), 10);
    await asked;
  }
  expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
});

test('a database that cannot be reached is told as such, and found again when it is back', async () => {
  proxy.refuse();
  proxy.cutAll();
  const error = await sql`select 1`.catch((reason: unknown) => reason);
  expect(isDatabaseUnavailable(error)).toBe(true);
  proxy.pass();
  expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
});
