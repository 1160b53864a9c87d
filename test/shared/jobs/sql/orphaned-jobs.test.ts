import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { acceptJobs } from '../../../../src/shared/jobs/sql/accept-jobs.ts';
import { listOrphanedJobs } from '../../../../src/shared/jobs/sql/stoppable-jobs.ts';
import { creditAccount } from '../../../../src/shared/money/credit.ts';
import { defaultLimits } from '../../../../src/shared/platform/config/quotas.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { intakeOf } from '../../../support/job-intake.ts';

const leaseSeconds = 30;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 2, prepare: true, applicationName: 'test' });
  await insertAccount(sql, { id: 'one', name: 'one' });
  await sql.begin((tx) => creditAccount(tx, { accountId: 'one', amountNano: 1000n, description: 'money' }));
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** A job whose worker is lost, and what is known of workers: all of them by the seconds ago of an event. */
type Scene = { lostCalls: [worker: string, startedAgo: number][]; seen: [worker: string, ago: number][] };

async function arrange({ lostCalls, seen }: Scene): Promise<string> {
  const intake = intakeOf({
    model: 'alpha/a',
    provider: 'alpha',
    targetModel: 'alpha/a',
    maxAttempts: 10,
    expiresInSeconds: 3600,
    targets: JSON.stringify([{ provider: 'alpha', model: 'alpha/a' }]),
  });
  const jobId = intake.id;
  await acceptJobs(
    sql,
    [intake],
    defaultLimits(() => undefined),
    5000,
  );
  for (const [index, [worker, ago]] of lostCalls.entries())
    await sql`insert into attempts (job_id, number, provider, model, worker_id, outcome, error, started_at,
    ended_at)
      values (${jobId}, ${index + 1}, 'alpha', 'alpha/a', ${worker}, 'unknown', 'lost: its worker is gone',
        now() - make_interval(secs => ${ago}), now())`;
  // This loss is not written yet: its attempt is the one that the lease belonged to.
  const attempts = lostCalls.length + 1;
  await sql`insert into attempts (job_id, number, provider, model, worker_id)
    values (${jobId}, ${attempts}, 'alpha', 'alpha/a', 'own-last')`;
  await sql`update jobs set state = 'ticketed' where id = ${jobId}`;
  await sql`update jobs set state = 'running', attempts = ${attempts}, worker_id = 'own-last',
    lease_until = now() - interval '1 second' where id = ${jobId}`;
  await sql`delete from workers`;
  for (const [worker, ago] of seen)
    await sql`insert into workers (id, concurrency, seen_at)
      values (${worker}, 1, now() - make_interval(secs => ${ago}))`;
  return jobId;
}

const twice: Scene['lostCalls'] = [
  ['own-first', 300],
  ['own-second', 200],
];

test.each<[what: string, scene: Scene, losses: number, otherLosses: number]>([
  ['before its second loss nobody is counted', { lostCalls: [], seen: [['other', 100]] }, 0, 0],
  ['nor before its third', { lostCalls: twice.slice(0, 1), seen: [['other', 100]] }, 1, 0],
  [
    'a worker that never had the job and died since its first loss',
    { lostCalls: twice, seen: [['other', 100]] },
    2,
    1,
  ],
  [
    'its own workers are not others',
    {
      lostCalls: twice,
      seen: [
        ['own-first', 250],
        ['own-last', 60],
      ],
    },
    2,
    0,
  ],
  ['one that died before its first loss says nothing', { lostCalls: twice, seen: [['other', 400]] }, 2, 0],
  [
    'one that was seen within its lease lives',
    { lostCalls: twice, seen: [['other', leaseSeconds - 10]] },
    2,
    0,
  ],
  [
    'each of several',
    {
      lostCalls: twice,
      seen: [
        ['a', 280],
        ['b', 100],
        ['c', 50],
        ['d', 5],
        ['own-second', 190],
      ],
    },
    2,
    3,
  ],
])('workers lost without a job: %s', async (_what, scene, losses, otherLosses) => {
  const jobId = await arrange(scene);
  const lost = await listOrphanedJobs(sql, { limit: 100, leaseSeconds });
  expect(lost.filter(({ id }) => id === jobId)).toMatchObject([{ losses, otherLosses }]);
});
