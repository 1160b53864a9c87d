import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { recordWorker } from '../../../src/shared/queue/sql/workers.ts';
import { createKnownCapacity } from '../../../src/workers/completions/known-capacity.ts';
import { createTestDatabase } from '../../support/database.ts';
import { waitFor } from '../../support/wait-for.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 2, prepare: true, applicationName: 'test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test('the slots of all live workers count, up to what the provider allows', async () => {
  await recordWorker(sql, { id: 'one', concurrency: 30 });
  await recordWorker(sql, { id: 'two', concurrency: 20 });
  const deps = {
    sql,
    log: createLog('silent', 'test'),
    limitOf: (name: string) => (name === 'a' ? 7 : null),
  };
  const capacityOf = createKnownCapacity(deps, { concurrency: 4, leaseSeconds: 30 });
  // Before they are counted, this process knows of itself.
  expect(capacityOf('b')).toBe(4);
  await waitFor('the workers to be counted', async () => (capacityOf('b') === 50 ? true : undefined));
  expect(capacityOf('a')).toBe(7);
});
