import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { creditAccount } from '../../../../src/shared/money/credit.ts';
import { checkLedger } from '../../../../src/shared/money/sql/ledger-check.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let owner: Database;
let runtime: Database;
let finalJob: string;
let openJob: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { poolMax: 4, prepare: true, applicationName: 'test' };
  owner = openDatabase({ url: database.ownerUrl, ...settings });
  runtime = openDatabase({ url: database.appUrl, ...settings });
  for (const id of ['one', 'two']) {
    await insertAccount(runtime, { id, name: id });
    await runtime.begin((tx) =>
      creditAccount(tx, { accountId: id, amountNano: 1000n, description: 'money' }),
    );
  }
  openJob = await acceptJob('one', 300n);
  finalJob = await acceptJob('one', 200n);
  await acceptJob('two', 0n);
  await runtime`update jobs set state = 'ticketed' where id = ${finalJob}`;
  await runtime`select * from claim_jobs(array[${finalJob}], array[0], 'wrk_1', 30)`;
  const ending = [
    {
      ord: 1,
      job_id: finalJob,
      account_id: 'one',
      fence: 1,
      state: 'succeeded',
      attempt_outcome: 'succeeded',
      charge_nano: 150,
      overrun_nano: 4,
    },
  ];
  await runtime`select * from settle_jobs(${JSON.stringify(ending)}::text::json, array['{}'])`;
});
afterAll(async () => {
  await runtime.end();
  await owner.end();
  await database.drop();
});

async function acceptJob(accountId: string, hold: bigint): Promise<string> {
  const id = newId('job');
  const intake = [
    {
      ord: 1,
      job_id: id,
      account_id: accountId,
      surface: 'jobs',
      lane: 1,
      model: 'openai/a',
      provider: 'openai',
      target_model: 'openai/a',
      max_attempts: 1,
      hold_id: newId('hold'),
      hold_nano: Number(hold),
      input_tokens_bound: 1,
      tokens_bound: 2,
      stream: false,
      announces: null,
      webhook_payload: 'thin',
      metadata: {},
      created_at: new Date().toISOString(),
      expires_in_seconds: 60,
    },
  ];
  const [row] = await runtime`select *
    from accept_jobs(${JSON.stringify(intake)}::text::json, array['{}'], array['[{"model":"a"}]'],
    array[null]::text[], null)`;
  expect(row?.['verdict']).toBe('accepted');
  return id;
}

const failed = async () =>
  (await checkLedger(runtime)).filter((check) => !check.ok).map((check) => check.name);

test('money that moved by the functions passes every check', async () => {
  const checks = await checkLedger(runtime);
  expect(checks.length).toBeGreaterThanOrEqual(15);
  expect(checks.filter((check) => !check.ok)).toEqual([]);
  for (const check of checks) expect(check.name).toMatch(/^[A-Z].{20,}[a-z]$/);
});

describe('entries and charges are only ever added to', () => {
  const statements = ['entries', 'charges'].flatMap((table) => [
    `update ${table} set amount_nano = 0`,
    `delete from ${table}`,
    `truncate ${table}`,
  ]);

  test.each(statements)('the run-time role may not: %s', async (statement) => {
    await expect(runtime.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
  });

  test.each(statements)('the owner neither: %s', async (statement) => {
    await expect(owner.unsafe(statement)).rejects.toThrow(
      /is append-only: (update|delete|truncate) is refused/,
    );
  });
});

test.each(['delete from balances', 'truncate balances'])(
  'an account stays as long as its money is told of: %s',
  async (statement) => {
    await expect(owner.unsafe(statement)).rejects.toThrow('balances are kept as long as their account');
  },
);

describe('a planted violation is found', () => {
  /** Each violation stands alone: what was there before comes back after it. */
  const tables = [
    'entries',
    'charges',
    'balances',
    'holds',
    'overruns',
    'jobs',
    'batches',
    'batch_lines',
    'account_usage',
  ];
  beforeAll(async () => {
    // Constraints and triggers stand in the way of every one of these; the owner has to take them away first.
    const constraints = await owner`select conrelid::regclass::text as owner, conname from pg_constraint
      where contype in ('c', 'f') and connamespace = 'public'::regnamespace and conrelid <> 0`;
    for (const { owner: table, conname } of constraints) {
      await owner.unsafe(`alter table ${table} drop constraint ${conname}`);
    }
    for (const table of ['entries', 'charges', 'jobs', 'batches', 'balances'])
      await owner.unsafe(`alter table ${table} disable trigger user`);
    for (const table of tables) await owner.unsafe(`create table saved_${table} as table ${table}`);
  });
  afterEach(async () => {
    await owner.begin(async (tx) => {
      for (const table of tables) {
        await tx.unsafe(`delete from ${table}`);
        const how = table === 'entries' ? 'overriding system value' : '';
        await tx.unsafe(`insert into ${table} ${how} select * from saved_${table}`);
      }
    });
    expect(await failed()).toEqual([]);
  });

  const sum = 'What an account has available and held is the sum of its entries';
  const last = 'The balances after the last entry are the balances of the account';
  const total = 'Over all accounts, what came in is what they have and what was charged';
  const once = 'The share of every final job was released once, and of no other job';
  const charged = 'Every charge is on the statement once, with its amount';
  const one = 'Every final job has one charge, and no other job has any';
  const chain = 'The balances after an entry follow from the entry before it';
  const remains = 'What an account has held is what remains of its open holds';
  const shares =
    'What remains of a hold is the shares of its unfinished jobs and of lines that are no jobs yet';
  const counted = 'The unfinished jobs and the keys of an account are as many as its balance counts';
  const closed = 'A closed hold has nothing left and no unfinished job';

  const insertBatch = (values: string) =>
    `insert into batches (
      id, account_id, kind, endpoint, input_file_id, fingerprint, expires_at, state, hold_id, total,
      completed, finished_at
    ) values (
      'batch_b', 'one', 'openai', '/v1/chat/completions', 'file_b', '', now() + interval '1 day', ${values}
    )`;

  test.each<[string, () => string[], string[]]>([
    [
      'money from nowhere',
      () => [`update balances set available_nano = available_nano + 1`],
      [sum, last, total],
    ],
    [
      'a negative balance',
      () => [`update balances set available_nano = -1 where account_id = 'two'`],
      [sum, 'No balance is negative', last, total],
    ],
    [
      'money of no account',
      () => [
        `insert into entries (account_id, type, amount_nano, available_nano, held_nano,
        description) values ('nobody', 'deposit', 5, 5, 0, 'from nowhere')`,
      ],
      [sum, total],
    ],
    [
      'a hold that grew',
      () => [
        `update holds set remaining_nano = remaining_nano + 5 where closed_at is null and amount_nano > 0`,
      ],
      [remains, shares],
    ],
    [
      'a hold closed too early',
      () => [
        `update holds set closed_at = now(), remaining_nano = 0 where closed_at is null and amount_nano > 0`,
      ],
      [remains, shares, closed],
    ],
    [
      'an entry that was edited',
      () => [`update entries set amount_nano = amount_nano + 1 where type = 'charge'`],
      [sum, chain, charged],
    ],
    ['an entry that is gone', () => [`delete from entries where type = 'release'`], [sum, chain, once]],
    [
      'running balances that were edited',
      () => [`update entries set available_nano = available_nano + 1 where type = 'charge'`],
      [chain, last],
    ],
    [
      'a final job with an open hold',
      () => [`update holds set closed_at = null where closed_at is not null`],
      ['No final job has an open hold of its own'],
    ],
    [
      'a batch that lost count of a line',
      () => [insertBatch(`'completed', null, 2, 1, now()`)],
      ['A batch that ended has closed its hold, and counted every line once'],
    ],
    [
      'a batch that ended with its hold open',
      () => [
        `insert into holds (id, account_id, batch_id, amount_nano, remaining_nano) values ('hold_b', 'one',
        'batch_b', 0, 0)`,
        insertBatch(`'completed', 'hold_b', 1, 1, now()`),
      ],
      ['A batch that ended has closed its hold, and counted every line once'],
    ],
    [
      'a line that is no job yet and whose share is gone',
      () => [
        `insert into holds (id, account_id, batch_id, amount_nano, remaining_nano) values ('hold_b', 'one',
        'batch_b', 7, 0)`,
        insertBatch(`'in_progress', 'hold_b', 1, 0, null`),
        `insert into batch_lines (batch_id, line, custom_id, job_id, hold_nano) values ('batch_b', 1, 'a',
        'job_b', 7)`,
      ],
      [shares],
    ],
    ['a charge that is gone', () => [`delete from charges`], [one, charged, total]],
    [
      'a charge of an unfinished job',
      () => [
        `insert into charges (job_id, account_id, hold_nano, amount_nano) values ('${openJob}', 'one', 300,
        0)`,
      ],
      [one],
    ],
    [
      'a charge of nobody',
      () => [
        `insert into charges (job_id, account_id, hold_nano, amount_nano) values ('job_x', 'one', 300, 0)`,
      ],
      [one],
    ],
    [
      'a charge beyond its hold',
      () => [`update charges set amount_nano = 201`],
      [charged, 'No charge is negative or more than the hold of its job', total],
    ],
    [
      'a negative charge',
      () => [`update charges set amount_nano = -1`],
      [charged, 'No charge is negative or more than the hold of its job', total],
    ],
    [
      'a negative overrun',
      () => [`update overruns set amount_nano = -4`],
      ['Every overrun is positive and belongs to a final job'],
    ],
    [
      'a second charge entry',
      () => [
        `insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id,
        description) values ('one', 'charge', 0, 550, 300, '${finalJob}', 'again')`,
      ],
      [charged],
    ],
    [
      'a second release',
      () => [
        `insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id,
        description) values ('one', 'release', 0, 550, 300, '${finalJob}', 'again')`,
      ],
      [once],
    ],
    [
      'a job that left its final state',
      () => [`update jobs set state = 'waiting', finished_at = null where id = '${finalJob}'`],
      [shares, closed, once, one, 'Every overrun is positive and belongs to a final job', counted],
    ],
    [
      'an unfinished job too many',
      () => [`update balances set unfinished_jobs = unfinished_jobs + 1 where account_id = 'two'`],
      [counted],
    ],
    [
      'a key that is counted and not there',
      () => [`update balances set idempotency_keys = 1 where account_id = 'two'`],
      [counted],
    ],
    [
      'a stored file too many',
      () => [`update account_usage set files = 1 where account_id = 'two'`],
      ['The files of an account and their bytes are as many as its usage counts'],
    ],
    [
      'stored bytes too many',
      () => [`update account_usage set stored_bytes = 1 where account_id = 'two'`],
      ['The files of an account and their bytes are as many as its usage counts'],
    ],
  ])('%s', async (_name, statements, expected) => {
    for (const statement of statements()) await owner.unsafe(statement);
    expect(await failed()).toEqual(expected);
  });
});
