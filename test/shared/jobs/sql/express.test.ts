import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { acceptJobs, type JobIntake } from '../../../../src/shared/jobs/sql/accept-jobs.ts';
import { claimJobs } from '../../../../src/shared/jobs/sql/claim-jobs.ts';
import { creditAccount } from '../../../../src/shared/money/credit.ts';
import { defaultLimits } from '../../../../src/shared/platform/config/quotas.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { ticketJobs } from '../../../../src/shared/queue/sql/tickets.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { intakeOf } from '../../../support/job-intake.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let owner: Database;
const limits = defaultLimits(() => undefined);
const leaseMs = 30_000;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

let provider = '';
let count = 0;
beforeEach(async () => {
  count += 1;
  provider = `provider${count}`;
  for (const id of ['one', 'two']) await openAccount(id);
});

async function openAccount(name: string): Promise<void> {
  const id = accountOf(name);
  await insertAccount(owner, { id, name: id });
  await owner.begin((tx) => creditAccount(tx, { accountId: id, amountNano: 10_000n, description: 'money' }));
}

const accountOf = (name: string) => `${name}${count}`;

/** A job of the account `one` that may be claimed by `worker`, with so many under way everywhere. */
function express(capacity: number, more: Partial<JobIntake> = {}, workerId = 'worker'): JobIntake {
  return waiting('one', { express: { workerId, leaseMs, capacity }, ...more });
}

function waiting(account: string, more: Partial<JobIntake> = {}): JobIntake {
  return intakeOf({ accountId: accountOf(account), provider, targetModel: `${provider}/a`, ...more });
}

/** Which of them were claimed where they were accepted; null for one that was refused. */
async function accept(...intakes: JobIntake[]): Promise<(boolean | null)[]> {
  const verdicts = await acceptJobs(owner, intakes, limits, 1000);
  return verdicts.map((verdict) => (verdict.kind === 'accepted' ? verdict.isClaimed : null));
}

test('a job with nobody in line runs where it was accepted, its first attempt written', async () => {
  const intake = express(1, { call: 'what was asked' });
  expect(await accept(intake)).toEqual([true]);
  const [row] = await owner`
    select j.state, j.attempts, j.tries, j.generation, j.worker_id, j.started_at is not null as started,
      round(extract(epoch from j.lease_until - j.started_at) * 1000)::integer as lease, a.outcome, a.number,
      a.provider, a.model, a.worker_id as called_by, c.fingerprint
    from jobs j join attempts a on a.job_id = j.id join sync_calls c on c.job_id = j.id
    where j.id = ${intake.id}`;
  expect(row).toEqual({
    state: 'running',
    attempts: 1,
    tries: 1,
    generation: 0,
    worker_id: 'worker',
    started: true,
    lease: leaseMs,
    outcome: 'started',
    number: 1,
    provider,
    model: `${provider}/a`,
    called_by: 'worker',
    fingerprint: 'what was asked',
  });
});

test('it is what a ticket and its claim would have made of it', async () => {
  const [here, queued] = [express(1), waiting('one')];
  await accept(here);
  await accept(queued);
  const [ticket] = await ticketJobs(owner, provider, 5);
  await claimJobs(owner, [ticket!], { id: 'worker', leaseSeconds: leaseMs / 1000 });
  const rows = await owner`
    select j.state, j.generation, j.attempts, j.tries, j.target, j.worker_id, j.event_seq, j.hold_nano,
      j.lease_until - j.started_at as lease, a.number, a.outcome, a.provider, a.model, a.worker_id as caller
    from jobs j join attempts a on a.job_id = j.id where j.id in (${here.id}, ${queued.id})`;
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual(rows[1]);
});

describe('a job waits in line like any other', () => {
  test('behind as many as its provider can have under way', async () => {
    expect(await accept(express(2), express(2), express(2))).toEqual([true, true, false]);
    expect(await accept(express(2))).toEqual([false]);
    expect(await accept(express(5))).toEqual([true]);
  });

  test('behind those who wait, of any account', async () => {
    await accept(waiting('two'), waiting('two'));
    expect(await accept(express(2))).toEqual([false]);
    expect(await accept(express(4))).toEqual([true]);
  });

  test('when it does not ask for more', async () => {
    expect(await accept(waiting('one'))).toEqual([false]);
  });

  test('while its account is paused', async () => {
    await owner`update accounts set paused = true where id = ${accountOf('one')}`;
    expect(await accept(express(9))).toEqual([false]);
  });

  test('of an account with as many under way as it may', async () => {
    await owner`update accounts set max_concurrency = 2 where id = ${accountOf('one')}`;
    expect(await accept(express(9), express(9), express(9))).toEqual([true, true, false]);
    expect(await accept(express(9))).toEqual([false]);
  });

  test('behind its own account, where that has a maximum', async () => {
    await owner`update accounts set max_concurrency = 2 where id = ${accountOf('one')}`;
    expect(await accept(waiting('one'), express(9), express(9))).toEqual([false, true, false]);
  });

  test('of an account with a maximum, while the dispatcher counts', async () => {
    await owner`update accounts set max_concurrency = 2 where id = ${accountOf('one')}`;
    await owner.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(hashtext('ticket_jobs'))`;
      expect(await accept(express(9))).toEqual([false]);
    });
    expect(await accept(express(9))).toEqual([true]);
  });
});

describe('not in line is', () => {
  test('who is not due', async () => {
    await accept(waiting('two', { runAt: new Date(Date.now() + 60_000) }));
    expect(await accept(express(1))).toEqual([true]);
  });

  test('who waits because its account is paused', async () => {
    await owner`update accounts set paused = true where id = ${accountOf('two')}`;
    await accept(waiting('two'));
    expect(await accept(express(1))).toEqual([true]);
  });

  test('who waits because its account has as many under way as it may', async () => {
    await owner`update accounts set max_concurrency = 2 where id = ${accountOf('two')}`;
    const theirs = express(9, { accountId: accountOf('two') });
    await accept(theirs, express(9, { accountId: accountOf('two') }), waiting('two'), waiting('two'));
    expect(await accept(express(3))).toEqual([true]);
    expect(await accept(express(3))).toEqual([false]);
  });

  test('who waits for another provider', async () => {
    await accept(waiting('two', { provider: 'another' }));
    expect(await accept(express(1))).toEqual([true]);
  });
});

describe('a caller that repeats an intake whose answer was lost', () => {
  test('has the job, as long as it runs', async () => {
    const intake = express(1);
    expect(await accept(intake)).toEqual([true]);
    expect(await accept(intake)).toEqual([true]);
    await owner`update jobs set state = 'cancelled', finished_at = now(), lease_until = null
      where id = ${intake.id}`;
    expect(await accept(intake)).toEqual([false]);
  });

  test('has not the job that another process claimed', async () => {
    const intake = express(1);
    await accept(intake);
    expect(await accept(express(1, { id: intake.id }, 'another'))).toEqual([false]);
  });

  test('has not the job once its lease was lost and another attempt runs', async () => {
    const intake = express(1);
    await accept(intake);
    await owner`update jobs set attempts = 2 where id = ${intake.id}`;
    expect(await accept(intake)).toEqual([false]);
  });
});

test('a job that waited in line and was claimed with its ticket is not given to who repeats its intake', async () => {
  const intake = express(1);
  await accept(express(1));
  expect(await accept(intake)).toEqual([false]);
  const [ticket] = await ticketJobs(owner, provider, 5);
  await claimJobs(owner, [ticket!], { id: 'worker', leaseSeconds: 30 });
  expect(await accept(intake)).toEqual([false]);
});

test('of calls that arrive together those that came first begin, whoever has them', async () => {
  const calls = ['two', 'one', 'two'].map((name) => express(2, { accountId: accountOf(name) }));
  expect(await accept(...calls)).toEqual([true, true, false]);
});

test('one that there is no money for is refused, and takes nobody a slot', async () => {
  const dear = express(1, { holdNano: 1_000_000n });
  expect(await accept(dear, express(1))).toEqual([null, true]);
});
