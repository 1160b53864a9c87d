import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { checkReportedJobs, checkRows, checkUntouched, digestOf } from './rows.ts';

describe('the oracle of rows', () => {
  let database: TestDatabase;
  let owner: Database;
  beforeAll(async () => {
    database = await createTestDatabase();
    owner = openDatabase({ url: database.ownerUrl, poolMax: 2, prepare: true, applicationName: 'test' });
    await owner`insert into accounts (id, name) values ('acct', 'acct')`;
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  /** Whose names the planted rows break. The planting is undone. */
  async function broken(statement: string): Promise<string[]> {
    const seen: string[] = [];
    await owner
      .begin(async (tx) => {
        await tx.unsafe('set local session_replication_role = replica');
        await tx.unsafe(statement);
        seen.push(...(await checkRows(tx)).map(({ on }) => on));
        throw new Error('undone');
      })
      .catch((error: Error) => {
        if (error.message !== 'undone') throw error;
      });
    return seen;
  }

  const hold = `insert into holds (id, account_id, amount_nano, remaining_nano) values ('hold_1', 'acct', 5, 5)`;
  const job = (state: string) =>
    `insert into jobs (id, account_id, state, lane, model, provider, target_model, max_attempts, hold_id,
      hold_nano, input_tokens_bound, tokens_bound, deadline_at, lease_until)
     values ('job_1', 'acct', '${state}', 0, 'm', 'p', 'm', 1, 'hold_1', 5, 1, 1, now(),
       ${state === 'running' ? 'now()' : 'null'})`;
  const file = `insert into files (id, account_id, purpose, filename, expires_at) values ('file_1', 'acct', 'batch', 'x', now())`;
  const batch = `insert into batches (id, account_id, kind, endpoint, input_file_id, fingerprint, expires_at)
    values ('batch_1', 'acct', 'openai', '/v1/chat/completions', 'file_1', 'x', now())`;

  test('has nothing against an empty database', async () => {
    expect(await checkRows(owner)).toEqual([]);
  });

  test.each<[string, string, string]>([
    ['a hold without an entry', hold, 'every hold has one entry, and every entry of a hold its hold'],
    ['a hold of no job', hold, 'a hold is of one job or of one batch'],
    ['a job without a hold', job('waiting'), 'a hold is of one job or of one batch'],
    ['a job at work', job('running'), 'no job is at work'],
    [
      'a balance out of nowhere',
      `insert into balances (account_id, available_nano) values ('other', 5)`,
      'a balance is the sum of its entries',
    ],
    ['a file in the making', file, 'no file is left in the making'],
    [
      'chunks of nothing',
      `insert into file_chunks values ('file_2', 0, 'x')`,
      'no chunk is left of a file that is gone',
    ],
    ['a batch that goes on', batch, 'no batch is stuck'],
  ])('notices %s', async (_what, statement, name) => {
    expect(await broken(statement)).toContain(name);
  });

  test('notices jobs that nobody was told of, and jobs that are not there', async () => {
    await owner.begin(async (tx) => {
      await tx.unsafe('set local session_replication_role = replica');
      await tx.unsafe(job('waiting'));
      expect(await checkReportedJobs(tx, ['acct'], ['job_1'])).toEqual([]);
      const reported = await checkReportedJobs(tx, ['acct'], ['job_2']);
      expect(reported.map(({ detail }) => detail)).toEqual([
        '1 stored and never told: job_1',
        '1 told and not stored: job_2',
      ]);
      await tx.unsafe('delete from jobs');
    });
  });

  test('notices any change of an account that should be left alone', async () => {
    const before = await digestOf(owner, 'acct');
    expect([...before.keys()]).toEqual(
      expect.arrayContaining(['accounts', 'jobs', 'entries', 'files', 'api_keys']),
    );
    await owner`update accounts set name = 'changed' where id = 'acct'`;
    const after = await digestOf(owner, 'acct');
    expect(checkUntouched('acct', before, after).map(({ detail }) => detail)).toEqual([
      'its rows of accounts changed',
    ]);
    expect(checkUntouched('acct', after, after)).toEqual([]);
  });
});
