import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { claimJobs } from '../../../../src/shared/jobs/sql/claim-jobs.ts';
import { requeueJobs } from '../../../../src/shared/jobs/sql/settle-jobs.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { findQueuePositions } from '../../../../src/shared/queue/sql/queue-position.ts';
import {
  releaseTickets,
  revokeTickets,
  ticketJobs,
  withdrawTickets,
} from '../../../../src/shared/queue/sql/tickets.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
});
beforeEach(async () => {
  await sql`delete from job_requests`;
  await sql`delete from attempts`;
  await sql`delete from jobs`;
  await sql`delete from accounts where id not in (select account_id from balances)`;
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

async function openAccount(settings: { max_concurrency?: number } = {}): Promise<string> {
  const id = newId('acct');
  await insertAccount(sql, { id, name: id });
  await sql`update accounts set max_concurrency = ${settings.max_concurrency ?? null} where id = ${id}`;
  return id;
}

type Planted = { account: string; provider?: string; lane?: number; deadlineSeconds?: number };

/** Jobs that wait, written past the ledger. */
async function plant(count: number, job: Planted): Promise<string[]> {
  const { account, provider = 'alpha', lane = 1, deadlineSeconds = 86_400 } = job;
  const ids = Array.from({ length: count }, () => newId('job'));
  const holdId = newId('hold');
  await sql`insert into holds (id, account_id, amount_nano, remaining_nano) values (${holdId}, ${account}, 0,
  0)`;
  await sql`insert into jobs (id, account_id, lane, model, provider, target_model, max_attempts, hold_id,
  hold_nano,
      input_tokens_bound, tokens_bound, deadline_at)
    select id, ${account}, ${lane}, 'alpha/a', ${provider}, 'alpha/a', 5, ${holdId}, 0, 1, 2,
      now() + make_interval(secs => ${deadlineSeconds})
    from unnest(${ids}::text[]) as id`;
  return ids;
}

async function countByLane(ids: string[]): Promise<number[]> {
  const rows = await sql<{ lane: number }[]>`select lane::integer from jobs where id = any(${ids}::text[])`;
  return [0, 1, 2].map((lane) => rows.filter((row) => row.lane === lane).length);
}

/** Runs what is ticketed, first things first, `slots` at a time, and says how many of each lane ran. */
async function work(slots: number, rounds: number): Promise<number[]> {
  const queue = new Map<string, number>();
  const ran: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const ticket of await ticketJobs(sql, 'alpha', slots)) queue.set(ticket.id, ticket.priority);
    const first = [...queue].sort((one, other) => one[1] - other[1]).slice(0, slots);
    for (const [id] of first) queue.delete(id);
    const ids = first.map(([id]) => id);
    ran.push(...ids);
    await sql`update jobs set state = 'running', lease_until = now() where id = any(${ids}::text[])`;
    await sql`update jobs set state = 'succeeded', lease_until = null, finished_at = now()
    where id = any(${ids}::text[])`;
  }
  return await countByLane(ran);
}

for (const { slots, rounds } of [
  { slots: 1, rounds: 300 },
  { slots: 16, rounds: 40 },
]) {
  test(`with ${slots} at a time, no lane starves while the ones above it always have work`, async () => {
    const account = await openAccount();
    for (const lane of [0, 1, 2]) await plant(slots * rounds, { account, lane });
    const [interactive = 0, background = 0, batch = 0] = await work(slots, rounds);
    const all = interactive + background + batch;
    expect(interactive / all).toBeGreaterThan(0.6);
    expect(background / all).toBeGreaterThan(0.08);
    expect(batch / all).toBeGreaterThan(0.03);
  });
}

test('where a limit lets one in a while go, what is taken back and given out again is no share of the lower lanes', async () => {
  const account = await openAccount();
  for (const lane of [0, 1]) await plant(300, { account, lane });
  const queue = new Map<string, number>();
  const ran: string[] = [];
  for (let round = 0; round < 200; round += 1) {
    await sql`update jobs set ticketed_at = now() - interval '6 seconds' where state = 'ticketed'`;
    const recalled = await revokeTickets(sql, 'alpha');
    for (const { id } of recalled) queue.delete(id);
    for (const ticket of await ticketJobs(sql, 'alpha', 8, recalled.length))
      queue.set(ticket.id, ticket.priority);
    const [id = ''] = [...queue].reduce((one, other) => (other[1] < one[1] ? other : one));
    queue.delete(id);
    ran.push(id);
    await sql`update jobs set state = 'running', lease_until = now() where id = ${id}`;
    await sql`update jobs set state = 'succeeded', lease_until = null, finished_at = now() where id = ${id}`;
  }
  const [interactive = 0, background = 0] = await countByLane(ran);
  expect(interactive / ran.length).toBeGreaterThan(0.6);
  expect(background / ran.length).toBeGreaterThan(0.1);
});

test('in a lane of its own, what an account has in the queue already does not go before a newcomer', async () => {
  const [heavy, newcomer] = [await openAccount(), await openAccount()];
  await plant(200, { account: heavy });
  const before: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    for (const ticket of await ticketJobs(sql, 'alpha', 16)) before.push(ticket.priority);
    await sql`update jobs set state = 'running', lease_until = now()
      where id = (select id from jobs where state = 'ticketed' limit 1)`;
    await sql`update jobs set state = 'succeeded', lease_until = null, finished_at = now()
    where state = 'running'`;
  }
  await plant(1, { account: newcomer });
  const [theirs] = await ticketJobs(sql, 'alpha', 16);
  expect(theirs?.priority).toBeLessThanOrEqual(Math.min(...before));
});

test('max_concurrency is of the account: all providers together, however many look at once', async () => {
  const account = await openAccount({ max_concurrency: 5 });
  const providers = ['alpha', 'beta', 'gamma'];
  for (const provider of providers) await plant(20, { account, provider });
  const tickets = await Promise.all(providers.map((provider) => ticketJobs(sql, provider, 16)));
  expect(tickets.flat()).toHaveLength(5);
  expect(await ticketJobs(sql, 'alpha', 16)).toHaveLength(0);
});

test('tickets of an account that was paused, or may run less than it has, are taken back', async () => {
  const [paused, less, other] = [await openAccount(), await openAccount(), await openAccount()];
  for (const account of [paused, less, other]) await plant(3, { account });
  const tickets = await ticketJobs(sql, 'alpha', 16);
  expect(tickets).toHaveLength(9);
  await sql`update accounts set paused = true where id = ${paused}`;
  await sql`update accounts set max_concurrency = 2 where id = ${less}`;
  const recalled = await revokeTickets(sql, 'alpha');
  expect(recalled).toHaveLength(6);
  expect(recalled.every(({ generation }) => generation === 0)).toBe(true);
  expect(await ticketJobs(sql, 'alpha', 16)).toHaveLength(2);
  expect(await revokeTickets(sql, 'alpha')).toHaveLength(0);
});

test('a ticket that waits for long while others do gives up its place; alone it keeps it', async () => {
  const account = await openAccount();
  await plant(4, { account });
  expect(await ticketJobs(sql, 'alpha', 1)).toHaveLength(2);
  await sql`update jobs set ticketed_at = now() - interval '6 seconds' where state = 'ticketed'`;
  expect(await revokeTickets(sql, 'alpha')).toHaveLength(2);
  expect(await ticketJobs(sql, 'alpha', 2)).toHaveLength(4);
  await sql`update jobs set ticketed_at = now() - interval '6 seconds' where state = 'ticketed'`;
  expect(await revokeTickets(sql, 'alpha')).toHaveLength(0);
});

test('whether others wait is seen in a few rows, however many wait for another provider', async () => {
  const account = await openAccount();
  await plant(5000, { account, provider: 'alpha' });
  await plant(1, { account, provider: 'beta' });
  await sql`analyze jobs`;
  expect(await ticketJobs(sql, 'beta', 16)).toHaveLength(1);
  await sql`update jobs set ticketed_at = now() - interval '6 seconds' where state = 'ticketed'`;
  const read = await sql.begin(async (tx) => {
    const count = async () => {
      const [row] = await tx<{ rows: number }[]>`
        select (seq_tup_read + idx_tup_fetch)::integer as rows from pg_stat_xact_user_tables
        where relname = 'jobs'`;
      return row?.rows ?? 0;
    };
    const before = await count();
    await tx`select id from revoke_tickets('beta')`;
    return (await count()) - before;
  });
  expect(read).toBeLessThan(100);
});

test('of the jobs of an account, those that are nearly late go first; another account keeps its turn', async () => {
  const [account, other] = [await openAccount(), await openAccount()];
  await plant(50, { account });
  const late = await plant(1, { account, deadlineSeconds: 40 });
  const later = await plant(1, { account, deadlineSeconds: 50 });
  const theirs = await plant(2, { account: other });
  const tickets = await ticketJobs(sql, 'alpha', 2);
  expect(tickets.map(({ id }) => id).sort()).toEqual([...late, ...later, ...theirs].sort());
});

/** Jobs of one account, each accepted a second after the one before, with their requests. */
async function plantInSequence(count: number, account: string): Promise<string[]> {
  const ids = await plant(count, { account });
  await sql`update jobs j set run_at = now() - interval '1 hour' + i.n * interval '1 second'
    from unnest(${ids}::text[]) with ordinality as i (id, n) where j.id = i.id`;
  const targets = JSON.stringify([
    { provider: 'alpha', model: 'alpha/a' },
    { provider: 'beta', model: 'beta/b' },
  ]);
  await sql`insert into job_requests (job_id, request, targets) select id, '{}', ${targets}::jsonb
  from unnest(${ids}::text[]) as id`;
  return ids;
}

const attempt = {
  provider: 'alpha',
  outcome: 'failed',
  status: 500,
  error: null,
  usage: null,
  costNano: null,
} as const;

/** Takes the first ticket of the provider, calls and puts the job back to wait for so long. */
async function callFirst(delayMs: number): Promise<string> {
  const [ticket] = await ticketJobs(sql, 'alpha', 1);
  if (ticket === undefined) throw new Error('nothing to call');
  await claimJobs(sql, [ticket], { id: 'wrk', leaseSeconds: 30 });
  const way = { provider: 'alpha', targetModel: 'alpha/a', target: 0, eventSeq: null };
  await requeueJobs(sql, [{ jobId: ticket.id, fence: 1, delayMs, counts: true, ...way, attempt }]);
  await sql`update jobs set state = 'waiting', generation = generation + 1, ticketed_at = null
  where state = 'ticketed'`;
  return ticket.id;
}

const picked = async (count: number) =>
  (await ticketJobs(sql, 'alpha', 50)).slice(0, count).map(({ id }) => id);

test('a job that is called again goes before those of its account that came after it', async () => {
  const account = await openAccount();
  const ids = await plantInSequence(5, account);
  expect(await callFirst(0)).toBe(ids[0]);
  expect((await findQueuePositions(sql, account, [ids[0] ?? ''])).get(ids[0] ?? '')).toMatchObject({
    ahead: 0,
  });
  expect(await picked(3)).toEqual(ids.slice(0, 3));
});

test('a job that is to wait is passed over until it is due, and then it has its place again', async () => {
  const account = await openAccount();
  const ids = await plantInSequence(4, account);
  await callFirst(60_000);
  expect(await picked(1)).toEqual([ids[1]]);
  await sql`update jobs set state = 'waiting', generation = generation + 1, ticketed_at = null
  where state = 'ticketed'`;
  await sql`update jobs set run_at = now() where id = ${ids[0] ?? ''}`;
  expect(await picked(2)).toEqual([ids[0], ids[1]]);
});

test('a ticket handed back for a shut gate goes to the next target with the place it had', async () => {
  const account = await openAccount();
  const ids = await plantInSequence(3, account);
  const later = await plant(3, { account, provider: 'beta' });
  const [first] = await ticketJobs(sql, 'alpha', 50);
  if (first === undefined) throw new Error('no ticket');
  await releaseTickets(sql, [{ ...first, delayMs: 8000, onlyElsewhere: false }]);
  const submission = (await ticketJobs(sql, 'beta', 50)).map(({ id }) => id);
  expect(submission).toEqual([ids[0], ...later]);
});

test('pausing a provider moves no job elsewhere, and none from its place', async () => {
  const account = await openAccount();
  const ids = await plantInSequence(3, account);
  const tickets = await ticketJobs(sql, 'alpha', 50);
  const older = tickets.map((ticket) => ({ ...ticket, generation: ticket.generation - 1 }));
  expect(await withdrawTickets(sql, older)).toEqual([false, false, false]);
  expect(await withdrawTickets(sql, tickets)).toEqual([true, true, true]);
  const rows = await sql`select distinct provider, state, target::integer as target from jobs`;
  expect(rows).toEqual([{ provider: 'alpha', state: 'waiting', target: 0 }]);
  expect(await picked(3)).toEqual(ids);
});
