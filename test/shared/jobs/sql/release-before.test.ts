import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { acceptJobs } from '../../../../src/shared/jobs/sql/accept-jobs.ts';
import { claimJobs } from '../../../../src/shared/jobs/sql/claim-jobs.ts';
import { creditAccount } from '../../../../src/shared/money/credit.ts';
import { defaultLimits } from '../../../../src/shared/platform/config/quotas.ts';
import { asJson, type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { intakeOf } from '../../../support/job-intake.ts';

let database: TestDatabase;
let sql: Database;
let owner: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  // One connection, so that a statement is prepared before the schema changes and runs again after it.
  const settings = { poolMax: 1, prepare: true, applicationName: 'test' };
  sql = openDatabase({ url: database.appUrl, ...settings });
  owner = openDatabase({ url: database.ownerUrl, ...settings });
  await insertAccount(sql, { id: 'one', name: 'one' });
  await sql.begin((tx) => creditAccount(tx, { accountId: 'one', amountNano: 1_000n, description: '' }));
});
afterAll(async () => {
  await sql.end();
  await owner.end();
  await database.drop();
});

const worker = { id: 'wrk_1', leaseSeconds: 30 };
const limits = defaultLimits(() => undefined);

async function acceptAndClaim(): Promise<string | undefined> {
  const intake = intakeOf();
  await acceptJobs(sql, [intake], limits, 5000);
  await sql`update jobs set state = 'ticketed' where id = ${intake.id}`;
  const [claimed] = await claimJobs(sql, [{ id: intake.id, generation: 0 }], worker);
  return claimed?.id;
}

test('processes of the release before accept and claim jobs as they are used to', async () => {
  const intake = intakeOf({
    idempotencyKey: 'key',
    fingerprint: 'print',
    reply: 'first',
    metadata: { a: 'b' },
  });
  const before = {
    ord: 1,
    job_id: intake.id,
    account_id: intake.accountId,
    idempotency_key: intake.idempotencyKey,
    fingerprint: intake.fingerprint,
    reply: intake.reply,
    surface: intake.surface,
    lane: intake.lane,
    model: intake.model,
    provider: intake.provider,
    target_model: intake.targetModel,
    max_attempts: intake.maxAttempts,
    hold_id: intake.holdId,
    hold_nano: intake.holdNano.toString(),
    input_tokens_bound: intake.inputTokensBound,
    tokens_bound: intake.tokensBound,
    stream: intake.stream,
    announces: intake.announces,
    webhook_url: intake.webhookUrl,
    webhook_payload: intake.webhookPayload,
    metadata: intake.metadata,
    run_at: null,
    created_at: intake.createdAt.toISOString(),
    expires_in_seconds: intake.expiresInSeconds,
  };
  const accept = (job: object) => sql`
    select ord, verdict, available_nano, quota, status, reply, location
    from accept_jobs(
      ${asJson([job])}, ${['{}']}::text[], ${[intake.targets]}::text[], ${[null]}::text[],
      ${100}::integer, ${100}::integer, ${5000}::integer
    )`;
  expect(await accept(before)).toMatchObject([{ ord: 1, verdict: 'accepted' }]);
  expect(await accept({ ...before, job_id: 'job_other' })).toMatchObject([
    { verdict: 'replayed', status: 202, reply: 'first', location: `/v1/jobs/${intake.id}` },
  ]);

  await sql`update jobs set state = 'ticketed' where id = ${intake.id}`;
  const claimed = await sql`
    select * from claim_jobs(${[intake.id]}::text[], ${[0]}::integer[], ${'wrk_1'}, ${30})`;
  expect(claimed).toMatchObject([
    { id: intake.id, attempt: 1, target: 0, lane: 1, metadata: { a: 'b' }, request: '{}' },
  ]);
});

test('a column that a newer release adds disturbs no statement that is prepared already', async () => {
  expect(await acceptAndClaim()).toBeDefined();
  await owner.unsafe('alter table jobs add column added_later text not null default $$new$$');
  expect(await acceptAndClaim()).toBeDefined();
  expect(await sql`select distinct added_later from jobs`).toEqual([{ added_later: 'new' }]);
});
