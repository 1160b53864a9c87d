import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { lookAtBacklogs } from '../../../../src/shared/queue/sql/tickets.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { plantWaitingJobs } from '../../../support/waiting-jobs.ts';

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

test('each backlog by itself: what is due, what is under way, and when the next one is due', async () => {
  await plantWaitingJobs(sql, 2, { provider: 'due' });
  const later = await plantWaitingJobs(sql, 2, { provider: 'later' });
  for (const [index, id] of later.entries()) {
    await sql`update jobs set run_at = now() + make_interval(secs => ${100 * (2 - index)}) where id = ${id}`;
  }
  const [held = ''] = await plantWaitingJobs(sql, 1, { provider: 'ticketed' });
  await sql`update jobs set state = 'ticketed', ticketed_at = now() where id = ${held}`;

  const looks = await lookAtBacklogs(sql, ['empty', 'due', 'later', 'ticketed']);
  expect(looks).toMatchObject([
    { isDue: false, isUnderWay: false, dueInMs: null },
    { isDue: true, isUnderWay: false, dueInMs: null },
    { isDue: false, isUnderWay: false, dueInMs: expect.any(Number) },
    { isDue: false, isUnderWay: true, dueInMs: null },
  ]);
  expect(looks[2]?.dueInMs).toBeGreaterThan(0);
  expect(looks[2]?.dueInMs).toBeLessThanOrEqual(100_000);
});
