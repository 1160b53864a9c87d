import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutageLog } from '../../../../src/shared/platform/outage-log.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { isDatabaseUnavailable } from '../../../../src/shared/platform/postgres/database-errors.ts';
import { retryWhileUnavailable } from '../../../../src/shared/platform/postgres/retry-while-unavailable.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { type Relay, startRelay } from '../../../support/relay.ts';
import { waitFor } from '../../../support/wait-for.ts';

const silence = { quietMs: 200, probeMs: 300 };

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let relay: Relay;
let sql: Database;
let reported: string[];
beforeEach(async () => {
  relay = await startRelay(database.ownerUrl);
  reported = [];
  sql = open(2);
});
afterEach(async () => {
  await relay.close();
  await sql.end();
});

function open(poolMax: number, prepare = true): Database {
  const outages: OutageLog = {
    failed: () => reported.push('failed'),
    recovered: () => reported.push('recovered'),
  };
  return openDatabase({ url: relay.url, poolMax, prepare, applicationName: 'test', outages, silence });
}

const failure = (work: Promise<unknown>) => work.then(String, (error: unknown) => error);
const one = () => sql`select 1 as one`;

describe('a connection to Postgres whose packets are swallowed', () => {
  it.each([true, false])(
    'is found out and replaced, whether sessions are ours (%s) or a pooler’s',
    async (prepare) => {
      const other = open(1, prepare);
      await other`select 1`;
      expect(relay.silenceOpen()).toBe(1);
      expect(isDatabaseUnavailable(await failure(other`select 1`))).toBe(true);
      expect(await other`select 1 as one`).toMatchObject([{ one: 1 }]);
      await other.end();
    },
  );

  it('holds up nobody who has another', async () => {
    await one();
    relay.silenceOpen();
    const stuck = failure(one());
    expect(await one()).toMatchObject([{ one: 1 }]);
    expect(isDatabaseUnavailable(await stuck)).toBe(true);
  });

  it('takes those that rest with it, which are as likely to be silent', async () => {
    await Promise.all([sql`select pg_sleep(0.05)`, sql`select pg_sleep(0.05)`]);
    expect(relay.silenceOpen()).toBe(2);
    await failure(one());
    expect(await one()).toMatchObject([{ one: 1 }]);
  });

  it('keeps no write that was repeated from being made once', async () => {
    await sql`create table if not exists made (id integer primary key)`;
    relay.silenceOpen();
    const insert = () => sql`insert into made (id) values (1) on conflict do nothing`;
    await retryWhileUnavailable(insert, { maxWaitMs: 10_000 });
    expect(await sql`select id from made`).toEqual([{ id: 1 }]);
  });
});

it('a statement that takes long is none of them', async () => {
  expect(await sql`select 1 as one, pg_sleep(1)`).toMatchObject([{ one: 1 }]);
});

it('a transaction that rests is none of them, and one whose statement is lost is', async () => {
  const result = await sql.begin(async (tx) => {
    await tx`select 1`;
    await new Promise((resolve) => setTimeout(resolve, 3 * silence.quietMs));
    return await tx`select 2 as two`;
  });
  expect(result).toMatchObject([{ two: 2 }]);
  const cut = sql.begin(async (tx) => {
    await tx`select 1`;
    relay.silenceOpen();
    await tx`select 2`;
  });
  expect(isDatabaseUnavailable(await failure(cut))).toBe(true);
});

it('while the whole network is silent everybody waits, and is served soon after', async () => {
  await Promise.all([sql`select pg_sleep(0.05)`, sql`select pg_sleep(0.05)`]);
  relay.silenceOpen();
  relay.blackhole();
  const stuck = [failure(one()), failure(one())];
  await new Promise((resolve) => setTimeout(resolve, 3 * (silence.quietMs + silence.probeMs)));
  relay.pass();
  for (const error of await Promise.all(stuck)) expect(isDatabaseUnavailable(error)).toBe(true);
  expect(await retryWhileUnavailable(one, { maxWaitMs: 10_000 })).toMatchObject([{ one: 1 }]);
});

it('says that the database is away, and that it is back', async () => {
  await one();
  relay.refuse();
  relay.cutAll();
  await waitFor('a failure', async () => {
    await failure(one());
    return reported.includes('failed');
  });
  relay.pass();
  await waitFor('the recovery', async () => {
    await failure(one());
    return reported.at(-1) === 'recovered';
  });
});
