import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { ticketJobs } from '../../../src/shared/queue/sql/tickets.ts';
import { createClaim } from '../../../src/workers/completions/claim.ts';
import { createTestDatabase } from '../../support/database.ts';
import { plantWaitingJobs } from '../../support/waiting-jobs.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
let claim: ReturnType<typeof createClaim>;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  claim = createClaim(sql, { id: 'wrk_1', leaseSeconds: 30 });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test('a claimed job has its request, its target and its fence, and its attempt is on record', async () => {
  const [id = ''] = await plantWaitingJobs(sql, 1);
  const [ticket] = await ticketJobs(sql, 'openai', 10);
  const job = await claim({ id, generation: ticket?.generation ?? -1 });
  expect(job).toMatchObject({
    id,
    ticketId: `${id}_${ticket?.generation}`,
    provider: 'openai',
    attempts: 1,
    tries: 1,
    targetIndex: 0,
    target: { upstreamModel: 'a', prices: { input: 1n, output: 2n } },
    request: { model: 'a', messages: [] },
  });
  expect(await sql`select number::integer, outcome, worker_id from attempts where job_id = ${id}`).toEqual([
    { number: 1, outcome: 'started', worker_id: 'wrk_1' },
  ]);
});

test('of many claims of one ticket one wins, and an older ticket is void', async () => {
  const [id = ''] = await plantWaitingJobs(sql, 1);
  const [ticket] = await ticketJobs(sql, 'openai', 10);
  const generation = ticket?.generation ?? -1;
  expect(await claim({ id, generation: generation - 1 })).toBeNull();
  const claims = await Promise.all([1, 2, 3].map(() => claim({ id, generation })));
  expect(claims.filter((job) => job !== null)).toHaveLength(1);
  expect(await claim({ id, generation })).toBeNull();
});

test('a job whose target is gone from its row is refused loudly', async () => {
  const [id = ''] = await plantWaitingJobs(sql, 1);
  const [ticket] = await ticketJobs(sql, 'openai', 10);
  await sql`update job_requests set targets = '[]' where job_id = ${id}`;
  await expect(claim({ id, generation: ticket?.generation ?? -1 })).rejects.toThrow(
    `job ${id} has no target 0`,
  );
});
