import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { findQueuePositions } from '../../../../src/shared/queue/sql/queue-position.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test('a page of a deep backlog is numbered quickly, whatever the planner knows of the table', async () => {
  await insertAccount(sql, { id: 'deep', name: 'deep' });
  await sql`alter table jobs set (autovacuum_enabled = false)`;
  await sql`insert into holds (id, account_id, amount_nano, remaining_nano) values ('hold', 'deep', 0, 0)`;
  await sql`insert into jobs (id, account_id, lane, state, model, provider, target_model, max_attempts,
  hold_id, hold_nano,
      input_tokens_bound, tokens_bound, deadline_at)
    select 'job_' || to_char(n, 'FM00000'), 'deep', 1, case when n <= 5 then 'ticketed'
      else 'waiting' end, 'a', 'alpha', 'a', 5,
      'hold', 0, 1, 2, now() + interval '1 day'
    from generate_series(1, 20000) n`;
  const ids = [3, ...Array.from({ length: 99 }, (_, n) => 5000 + n), 19_000].map(
    (n) => `job_${String(n).padStart(5, '0')}`,
  );
  const startedAt = performance.now();
  const positions = await findQueuePositions(sql, 'deep', ids);
  expect(performance.now() - startedAt).toBeLessThan(3000);
  expect(positions.size).toBe(ids.length);
  expect(positions.get('job_00003')).toMatchObject({ ahead: 2, isAtLeast: false });
  expect(positions.get('job_05000')).toMatchObject({ ahead: 4999, isAtLeast: false });
  expect(positions.get('job_05098')).toMatchObject({ ahead: 5097, isAtLeast: false });
  expect(positions.get('job_19000')).toMatchObject({ ahead: 10_000, isAtLeast: true });
});
