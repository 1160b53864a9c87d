import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAccount } from '../../../src/shared/accounts/sql/accounts.ts';
import { newId } from '../../../src/shared/ids.ts';
import { createLedger, type Ledger } from '../../../src/shared/jobs/ledger.ts';
import { acceptJobs, type JobIntake } from '../../../src/shared/jobs/sql/accept-jobs.ts';
import { claimJobs } from '../../../src/shared/jobs/sql/claim-jobs.ts';
import type { JobEnding } from '../../../src/shared/jobs/sql/settle-jobs.ts';
import { creditAccount } from '../../../src/shared/money/credit.ts';
import { checkLedger } from '../../../src/shared/money/sql/ledger-check.ts';
import { defaultLimits } from '../../../src/shared/platform/config/quotas.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase } from '../../support/database.ts';
import { intakeOf } from '../../support/job-intake.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
let owner: Database;
let ledger: Ledger;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { poolMax: 4, prepare: true, applicationName: 'test' };
  sql = openDatabase({ url: database.appUrl, ...settings });
  owner = openDatabase({ url: database.ownerUrl, ...settings });
  ledger = createLedger(
    sql,
    defaultLimits(() => undefined),
  );
  await insertAccount(sql, { id: 'one', name: 'one' });
  await sql.begin((tx) => creditAccount(tx, { accountId: 'one', amountNano: 100_000n, description: '' }));
});
afterAll(async () => {
  await sql.end();
  await owner.end();
  await database.drop();
});

async function runningJob(accountId = 'one'): Promise<string> {
  const intake = intakeOf({ accountId });
  await ledger.acceptJob(intake);
  await sql`update jobs set state = 'ticketed' where id = ${intake.id}`;
  await claimJobs(sql, [{ id: intake.id, generation: 0 }], { id: 'wrk_1', leaseSeconds: 30 });
  return intake.id;
}

function endingOf(jobId: string, more: Partial<JobEnding> = {}): JobEnding {
  const usage = {
    promptTokens: 1,
    completionTokens: 1,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
  return {
    jobId,
    accountId: 'one',
    provider: 'openai',
    fence: 1,
    state: 'succeeded',
    error: null,
    eventSeq: 3,
    finishedAt: new Date(),
    charge: {
      amountNano: 60n,
      overrunNano: 0n,
      estimated: false,
      provider: 'openai',
      model: 'openai/a',
      priceVersion: '1',
      usage,
    },
    attempt: { provider: 'openai', outcome: 'succeeded', status: 200, error: null, usage, costNano: 60n },
    result: '{}',
    event: null,
    ...more,
  };
}

const booksFail = async () => (await checkLedger(owner)).filter(({ ok }) => !ok);
const entriesOf = (jobId: string) =>
  sql<{ type: string }[]>`select type from entries where job_id = ${jobId} order by id`;
const typesOf = async (jobId: string) => (await entriesOf(jobId)).map(({ type }) => type);

describe('the ledger', () => {
  test('an acceptance that is repeated because its answer was lost happens once', async () => {
    const intake = intakeOf();
    expect(await ledger.acceptJob(intake)).toEqual({ kind: 'accepted', isClaimed: false });
    expect(await ledger.acceptJob(intake)).toEqual({ kind: 'accepted', isClaimed: false });
    expect(await typesOf(intake.id)).toEqual(['hold']);
    expect(await booksFail()).toEqual([]);
  });

  test('also when both are decided in one statement', async () => {
    const intake = intakeOf();
    const verdicts = await acceptJobs(
      sql,
      [intake, intake],
      defaultLimits(() => undefined),
      5000,
    );
    expect(verdicts).toEqual([
      { kind: 'accepted', isClaimed: false },
      { kind: 'accepted', isClaimed: false },
    ]);
    expect(await sql`select 1 from entries where job_id = ${intake.id}`).toHaveLength(1);
  });

  test('so does one with an idempotency key, which is no replay to its own caller', async () => {
    const intake = intakeOf({ idempotencyKey: 'key', fingerprint: 'same' });
    expect(await ledger.acceptJob(intake)).toEqual({ kind: 'accepted', isClaimed: false });
    expect(await ledger.acceptJob(intake)).toEqual({ kind: 'accepted', isClaimed: false });
    const another = await ledger.acceptJob({ ...intake, id: newId('job'), holdId: newId('hold') });
    expect(another).toMatchObject({ kind: 'replayed', location: `/v1/jobs/${intake.id}` });
  });

  test('an ending that is repeated because its answer was lost happens once, and counts both times', async () => {
    const jobId = await runningJob();
    const ending = endingOf(jobId);
    expect(await ledger.settleJob(ending)).toBe(true);
    expect(await ledger.settleJob(ending)).toBe(true);
    expect(await typesOf(jobId)).toEqual(['hold', 'release', 'charge']);
    expect(await booksFail()).toEqual([]);
  });

  test.each<[string, Partial<JobEnding>]>([
    ['by an attempt that is not the newest', { fence: 0 }],
    ['at another time', { finishedAt: new Date(0) }],
    ['in another state', { state: 'cancelled' }],
    ['by somebody who saw it waiting', { fence: null, state: 'expired' }],
  ])('an ending that comes late %s changes nothing', async (_, late) => {
    const jobId = await runningJob();
    const ending = endingOf(jobId);
    await ledger.settleJob(ending);
    expect(await ledger.settleJob({ ...ending, ...late })).toBe(false);
    expect(await typesOf(jobId)).toEqual(['hold', 'release', 'charge']);
  });

  test('a cancellation that comes too late takes nothing from the answer beside it in the same statement', async () => {
    const jobId = await runningJob();
    const late = endingOf(jobId, {
      fence: null,
      state: 'cancelled',
      charge: null,
      attempt: null,
      result: null,
    });
    const answers = await Promise.all([ledger.settleJob(late), ledger.settleJob(endingOf(jobId))]);
    expect(answers).toEqual([false, true]);
    expect(await typesOf(jobId)).toEqual(['hold', 'release', 'charge']);
    expect(await booksFail()).toEqual([]);
  });

  test.each<[string, Partial<JobEnding>]>([
    ['of an attempt that has lost the job', { fence: 0 }],
    ['of another account', { accountId: 'two' }],
  ])('nor does an ending %s', async (_, late) => {
    const jobId = await runningJob();
    const endings = [endingOf(jobId, late), endingOf(jobId), endingOf(jobId, { state: 'failed' })];
    expect(await Promise.all(endings.map(ledger.settleJob))).toEqual([false, true, false]);
    expect(await booksFail()).toEqual([]);
  });

  test('of two tickets of one job that are brought together, one claims it', async () => {
    const intake = intakeOf();
    await ledger.acceptJob(intake);
    await sql`update jobs set state = 'ticketed', generation = 1 where id = ${intake.id}`;
    const tickets = [0, 1, 1].map((generation) => ({ id: intake.id, generation }));
    const claimed = await claimJobs(sql, tickets, { id: 'wrk_1', leaseSeconds: 30 });
    expect(claimed.map((row) => row?.attempts ?? null)).toEqual([null, 1, null]);
  });

  test('a row the database cannot take fails alone; its neighbours in the statement are stored', async () => {
    const poison = intakeOf({ holdNano: -1n });
    const good = [intakeOf(), intakeOf(), intakeOf()];
    const outcomes = await Promise.allSettled(
      [good[0], poison, good[1], good[2]].map((intake) => ledger.acceptJob(intake as JobIntake)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    for (const { id } of good) expect(await typesOf(id)).toEqual(['hold']);
    expect(await typesOf(poison.id)).toEqual([]);
    expect(await booksFail()).toEqual([]);
  });

  test('a disk that is full for a moment delays an acceptance; it does not fail it', async () => {
    await owner.unsafe(`
      create function disk_is_full() returns trigger language plpgsql as
        $$ begin raise exception 'no space left' using errcode = '53100'; end $$;
      create trigger disk_is_full before insert on jobs for each statement execute function disk_is_full()`);
    const accepted = ledger.acceptJob(intakeOf());
    setTimeout(() => owner.unsafe('drop function disk_is_full cascade'), 50);
    expect(await accepted).toEqual({ kind: 'accepted', isClaimed: false });
  });

  test('of several with one idempotency key, each is decided by itself', async () => {
    const dear = intakeOf({ idempotencyKey: 'dear', fingerprint: 'dear', holdNano: 10n ** 15n });
    const cheap = intakeOf({ idempotencyKey: 'dear', fingerprint: 'cheap' });
    const again = intakeOf({ idempotencyKey: 'dear', fingerprint: 'cheap' });
    const other = intakeOf({ idempotencyKey: 'dear', fingerprint: 'other' });
    const verdicts = await acceptJobs(
      sql,
      [dear, cheap, again, other],
      defaultLimits(() => undefined),
      5000,
    );
    expect(verdicts.map(({ kind }) => kind)).toEqual(['insufficient', 'accepted', 'replayed', 'conflict']);
    expect(verdicts[2]).toMatchObject({ location: `/v1/jobs/${cheap.id}` });
    expect(await booksFail()).toEqual([]);
  });

  describe('while somebody has the balance of one account locked', () => {
    const locking = (work: () => Promise<void>) =>
      owner.begin(async (tx) => {
        await tx`select 1 from balances where account_id = 'locked' for update`;
        await work();
      });
    const inGroup = () => [
      ledger.acceptJob(intakeOf({ accountId: 'locked' })),
      ledger.acceptJob(intakeOf()),
      ledger.acceptJob(intakeOf({ accountId: 'locked' })),
    ];
    beforeAll(async () => {
      await insertAccount(sql, { id: 'locked', name: 'locked' });
      await sql.begin((tx) =>
        creditAccount(tx, { accountId: 'locked', amountNano: 100_000n, description: '' }),
      );
    });

    test('jobs of others in the same statement are accepted, and so are those that come after', async () => {
      let waiting: Promise<unknown>[] = [];
      await locking(async () => {
        const [first, other, second] = inGroup();
        waiting = [first as Promise<unknown>, second as Promise<unknown>];
        expect(await other).toEqual({ kind: 'accepted', isClaimed: false });
        const [third, another] = inGroup();
        waiting.push(third as Promise<unknown>);
        expect(await another).toEqual({ kind: 'accepted', isClaimed: false });
      });
      expect(await Promise.all(waiting)).toEqual(Array(3).fill({ kind: 'accepted', isClaimed: false }));
      expect(await booksFail()).toEqual([]);
    });

    test('endings of others in the same statement count', async () => {
      const [mine, theirs] = [await runningJob('locked'), await runningJob()];
      let waiting: Promise<boolean> = Promise.resolve(false);
      await locking(async () => {
        waiting = ledger.settleJob(endingOf(mine, { accountId: 'locked' }));
        expect(await ledger.settleJob(endingOf(theirs))).toBe(true);
      });
      expect(await waiting).toBe(true);
    });

    test('its own jobs are refused after a moment as ones to be sent again', async () => {
      await locking(async () => {
        await expect(ledger.acceptJob(intakeOf({ accountId: 'locked' }))).rejects.toMatchObject({
          code: '55P03',
        });
      });
    });
  });

  test('counts the unfinished jobs of an account as they come and go', async () => {
    await insertAccount(sql, { id: 'counted', name: 'counted' });
    await sql.begin((tx) => creditAccount(tx, { accountId: 'counted', amountNano: 1000n, description: '' }));
    const unfinished = async () =>
      (await sql`select unfinished_jobs from balances where account_id = 'counted'`)[0]?.['unfinished_jobs'];
    const [first] = [await runningJob('counted'), await runningJob('counted')];
    expect(await unfinished()).toBe(2);
    await ledger.settleJob(endingOf(first as string, { accountId: 'counted' }));
    expect(await unfinished()).toBe(1);
  });
});
