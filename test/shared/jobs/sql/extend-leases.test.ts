import { afterAll, beforeAll, expect, test } from 'vitest';
import { extendLeases } from '../../../../src/shared/jobs/sql/claim-jobs.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { plantJob } from '../../../api/watch/watched-jobs.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';

let database: TestDatabase;
let sql: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 1, prepare: true, applicationName: 'test' });
  await sql`insert into accounts (id, name) values ('acct_1', 'test')`;
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** Rows of `jobs` that were updated so far, and those of them that no index had to be written for. */
async function countUpdates(): Promise<{ all: number; withoutIndex: number }> {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql<{ all: number; withoutIndex: number }[]>`
    select n_tup_upd::integer as "all", n_tup_hot_upd::integer as "withoutIndex"
    from pg_stat_user_tables where relname = 'jobs'`;
  return row ?? { all: 0, withoutIndex: 0 };
}

test('a lease is extended without a write to any index, however often', async () => {
  const id = await plantJob(sql, 'acct_1', false);
  const before = await countUpdates();
  for (let beat = 0; beat < 20; beat += 1) {
    expect(await extendLeases(sql, [{ id, attempt: 1 }], 30)).toEqual([{ id, attempt: 1, cancel: false }]);
  }
  expect(await extendLeases(sql, [{ id, attempt: 2 }], 30)).toEqual([]);
  const after = await countUpdates();
  expect(after.all - before.all).toBe(20);
  expect(after.withoutIndex - before.withoutIndex).toBe(20);
});
