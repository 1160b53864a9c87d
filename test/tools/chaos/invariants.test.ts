import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, Transaction } from '../../../src/shared/platform/postgres/database.ts';
import { createChaosClient } from '../../../tools/chaos/client.ts';
import type { Facts, ReceivedWebhook, Violation } from '../../../tools/chaos/evidence.ts';
import { checkInvariants, invariants } from '../../../tools/chaos/invariants.ts';
import { historyOf } from '../../../tools/chaos/job-history.ts';
import { createOutages } from '../../../tools/chaos/outages.ts';
import { createWatchers, type Watchers } from '../../../tools/chaos/watcher.ts';
import type { MeterCall } from '../../../tools/simulator/meter.ts';
import { adminKey, type Gateway, startGateway } from '../../support/gateway.ts';
import { waitFor } from '../../support/wait-for.ts';

let gateway: Gateway;
let receiver: Server;
let watchers: Watchers;
let facts: Facts;
const received: ReceivedWebhook[] = [];
let refusalsLeft = 2;

beforeAll(async () => {
  gateway = await startGateway({ roles: ['all'], env: { WEBHOOK_RETRY_SECONDS: '0.1,0.1,0.1,0.1' } });
  receiver = createServer(async (request, response) => {
    received.push(await toReceived(request));
    // A few are posted again, as after any failure.
    response.writeHead(refusalsLeft-- > 0 ? 500 : 204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  await runJobs();
});
afterAll(async () => {
  watchers?.stop();
  await gateway?.close();
  receiver?.closeAllConnections();
  receiver?.close();
});

async function toReceived(request: IncomingMessage): Promise<ReceivedWebhook> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const header = (name: string) => String(request.headers[name]);
  return {
    id: header('webhook-id'),
    body: Buffer.concat(chunks),
    signature: header('webhook-signature'),
    timestamp: header('webhook-timestamp'),
  };
}

const anHourLater = () => new Date(Date.now() + 3_600_000).toISOString();

/**
 * A dozen jobs of every kind: plain, streamed, cut, throttled, failed, refused, cancelled; and a rest with
 * nothing under way.
 */
async function runJobs(): Promise<void> {
  const { key, call } = await gateway.openAccount('chaos', '10');
  const urls = () => [gateway.url];
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const client = createChaosClient({ urls, key, accountId: 'chaos', random: Math.random, webhookUrl });
  watchers = createWatchers({ urls, key, random: Math.random, cutProbability: 0.3 });
  const submissions = await Promise.all([
    client.submit({ text: 'plain', webhook: true }),
    client.submit({ text: 'plain', webhook: true, more: { webhook_payload: 'full' } }),
    client.submit({ text: 'other', model: 'anthropic/claude-haiku-4-5' }),
    client.submit({ text: 'third', model: 'google/gemini-2.5-flash', webhook: true }),
    client.submit({ text: '[[length:60]] [[chunk_delay:5]] streamed', stream: true, webhook: true }),
    client.submit({ text: 'streamed', model: 'anthropic/claude-haiku-4-5', stream: true }),
    client.submit({ text: '[[fault:cut at=3 times=1]] cut', stream: true, webhook: true }),
    client.submit({ text: '[[fault:429 retry_after=1 times=1]] throttled', webhook: true }),
    client.submit({ text: '[[fault:500]] failing', webhook: true, more: { max_attempts: 2 } }),
    client.submit({ text: '[[fault:no_usage]] estimated' }),
    client.submit({ text: '[[latency:20000]] cancelled', webhook: true }),
    client.submit({ text: 'two', stream: true, maxTokens: 40, more: { priority: 'interactive' } }),
    client.submit({ text: 'never run', webhook: true, more: { run_at: anHourLater() } }),
  ]);
  for (const { jobId, bodyText } of submissions)
    if (bodyText.includes('"stream":true')) watchers.watch(jobId ?? '');
  watchers.watch(submissions[0]?.jobId ?? '');
  await client.cancel(submissions[10]?.jobId ?? '');
  await client.cancel(submissions[12]?.jobId ?? '');
  expect((await client.submit({ text: 'dear', maxTokens: 100_000_000 })).refusal).not.toBeNull();
  await client.retryUntilKnown();
  expect(await watchers.whenEnded(20_000)).toBe(true);
  await waitFor(
    'everything to come to rest',
    async () => {
      const [row] = await gateway.sql`
      select exists (select 1 from jobs where finished_at is null)
        or exists (select 1 from deliveries where state = 'pending') as busy`;
      return row?.['busy'] === false;
    },
    40_000,
  );
  const meter = await (await fetch(`${gateway.simulatorUrl}/__simulator/meter`)).json();
  facts = {
    sql: gateway.sql,
    adminUrl: gateway.url,
    adminKey,
    clients: [client.record()],
    meter: (meter as { calls: MeterCall[] }).calls,
    received,
    webhookSecret: (await call('GET /v1/webhook_secret')).json.secret,
    watchers,
    innocent: { submissions: [], lone: { jobs: 0, medianMs: 0, p95Ms: 0 }, outages: createOutages() },
    callsAllowance: 3,
  };
}

const check = (changed: Partial<Facts> = {}): Promise<Violation[]> =>
  checkInvariants({ ...facts, ...changed });

/**
 * What is broken once this statement was made with triggers and foreign keys asleep; it is undone afterwards.
 */
async function checkAfter(statement: string): Promise<Violation[]> {
  const undone = new Error('undone');
  let found: Violation[] = [];
  await gateway.sql
    .begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx.unsafe(statement);
      await tx`set local session_replication_role = origin`;
      found = await check({ sql: within(tx) });
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return found;
}

/** The transaction in place of the database: what would begin another one sets a savepoint. */
function within(tx: Transaction): Database {
  const begin = (...args: unknown[]) => tx.savepoint(args[0] as (inner: Transaction) => Promise<unknown>);
  const get = (target: object, name: string) => (name === 'begin' ? begin : Reflect.get(target, name));
  return new Proxy(tx, { get } as ProxyHandler<Transaction>) as unknown as Database;
}

test('a gateway that works keeps every promise', async () => {
  expect(await check()).toEqual([]);
  expect(new Set(invariants.map(({ name }) => name)).size).toBe(invariants.length);
  expect(received.length).toBeGreaterThan(9);
  for (const { id, body, signature, timestamp } of received)
    new Webhook(String(facts.webhookSecret)).verify(body.toString(), {
      'webhook-id': id,
      'webhook-signature': signature,
      'webhook-timestamp': timestamp,
    });
});

const namesOf = (violations: Violation[]) => violations.map(({ invariant }) => invariant);

const someJob = "(select min(id) from jobs where state = 'succeeded' and webhook_url is not null)";
const winnersOnly = '(select job_id from charges where not estimated and amount_nano > 0 limit 1)';

describe('checks that read false books name the promise that is broken, when', () => {
  test.each([
    [
      'a charge is gone',
      `delete from charges where job_id = ${winnersOnly}`,
      [
        'every job a client saw accepted is there and ended once',
        'over everything, what came in is what is there and what was charged',
        'each job has one hold, one release and its charge on the statement',
        'a job that succeeded is charged for what its winning call was billed',
      ],
    ],
    [
      'a charge is for other tokens',
      `update charges set prompt_tokens = prompt_tokens + 1 where job_id = ${winnersOnly}`,
      ['a job that succeeded is charged for what its winning call was billed'],
    ],
    [
      'an entry is another amount',
      `update entries set amount_nano = amount_nano - 1 where id = (select max(id) from entries)`,
      [
        'the entries of every account, replayed, give its balances',
        'each job has one hold, one release and its charge on the statement',
      ],
    ],
    [
      'a hold was released twice',
      `insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, description)
        select account_id, type, amount_nano, available_nano + amount_nano, held_nano, job_id, description
        from entries where type = 'release' and amount_nano > 0 order by id desc limit 1`,
      [
        'every job a client saw accepted is there and ended once',
        'the entries of every account, replayed, give its balances',
        'each job has one hold, one release and its charge on the statement',
      ],
    ],
    [
      'money appears from nowhere',
      'update balances set available_nano = available_nano + 1',
      [
        'the entries of every account, replayed, give its balances',
        'over everything, what came in is what is there and what was charged',
      ],
    ],
    [
      'a final job still holds',
      `update holds set remaining_nano = 1, closed_at = null where id = (select hold_id from jobs where id = ${someJob})`,
      ['no final job holds money', 'what an account has held is the shares of its unfinished jobs'],
    ],
    [
      'a failed job was charged',
      `update charges set amount_nano = 1 where job_id = (select id from jobs where state = 'failed')`,
      ['every charge is between nothing and the hold of its job'],
    ],
    [
      'an accepted job is lost',
      `delete from jobs where id = ${someJob}`,
      [
        'every job a client saw accepted is there and ended once',
        'every charge is between nothing and the hold of its job',
      ],
    ],
    [
      'a job ended and began again',
      `update jobs set state = 'waiting', finished_at = null where id = ${someJob}`,
      ['no job is left unfinished', 'a webhook is about one final job, in the same bytes each time'],
    ],
    [
      'a job is there twice',
      `insert into job_requests select id || 'twin', q.request, q.targets from jobs
        join job_requests q on job_id = id where id = ${someJob};
        insert into jobs select (jsonb_populate_record(j, jsonb_build_object('id', j.id || 'twin'))).*
          from jobs j where id = ${someJob}`,
      ['no job is there that no client submitted, and none twice'],
    ],
    [
      'an attempt is missing',
      `delete from attempts where outcome = 'succeeded' and job_id = ${someJob}`,
      [
        'every call a provider saw is an attempt, and no attempt is two calls',
        'a job that succeeded is charged for what its winning call was billed',
        'attempts are counted, closed, and no more than a job may have',
      ],
    ],
    [
      'a billed call passes for refused',
      `update attempts set outcome = 'refused' where outcome = 'unknown'`,
      ['every billed call is accounted for by its attempt'],
    ],
    [
      'a job was tried too often',
      `update jobs set max_attempts = 1 where id = (select id from jobs where state = 'failed')`,
      ['attempts are counted, closed, and no more than a job may have'],
    ],
    [
      'a delivery is still owed',
      `update deliveries set state = 'exhausted' where job_id = ${someJob}`,
      ['every final job with a webhook has one delivery, and it arrived'],
    ],
    [
      'a trigger is off',
      'alter table charges disable trigger charges_are_never_edited',
      ['the database refuses to have its books changed by hand'],
    ],
  ])('%s', async (_name, statement, expected) => {
    expect(namesOf(await checkAfter(statement))).toEqual(expect.arrayContaining(expected));
  });
});

describe('checks that hear a false witness name the promise that is broken, when', () => {
  const firstCall = (): MeterCall => facts.meter.find(({ outcome }) => outcome === 'completed') as MeterCall;
  const firstWebhook = (): ReceivedWebhook => received.at(-1) as ReceivedWebhook;
  const client = () => facts.clients[0] as Facts['clients'][number];
  const firstSubmission = () => client().submissions[0] as Facts['clients'][number]['submissions'][number];
  const withSubmission = (changed: object) => ({
    clients: [
      { ...client(), submissions: [{ ...firstSubmission(), ...changed }, ...client().submissions.slice(1)] },
    ],
  });

  test.each<[string, () => Partial<Facts>, string[]]>([
    [
      'a call was made for no attempt',
      () => ({ meter: [...facts.meter, { ...firstCall(), attempt_id: 'att_none_1' }] }),
      ['every call a provider saw is an attempt, and no attempt is two calls'],
    ],
    [
      'an attempt was two calls',
      () => ({ meter: [...facts.meter, firstCall()] }),
      ['every call a provider saw is an attempt, and no attempt is two calls'],
    ],
    [
      'more was billed than charged',
      () => ({
        meter: facts.meter.map((call) =>
          call === firstCall() ? { ...call, completion_tokens: 9999 } : call,
        ),
      }),
      ['a job that succeeded is charged for what its winning call was billed'],
    ],
    [
      'the provider never saw the winning call',
      () => ({ meter: facts.meter.filter((call) => call !== firstCall()) }),
      ['every billed call is accounted for by its attempt'],
    ],
    [
      'there were more calls than faults',
      () => ({ callsAllowance: 0 }),
      ['calls beyond one a job are explained by faults'],
    ],
    [
      'a webhook came in other bytes',
      () => ({ received: [...received, { ...firstWebhook(), body: Buffer.from('{}') }] }),
      [
        'a webhook is about one final job, in the same bytes each time',
        'every webhook is signed with the secret of its account',
      ],
    ],
    [
      'a webhook was made up',
      () => ({ received: [...received, { ...firstWebhook(), id: 'evt_none' }] }),
      [
        'a webhook is about one final job, in the same bytes each time',
        'every webhook is signed with the secret of its account',
      ],
    ],
    [
      'a webhook never arrived',
      () => ({ received: received.filter(({ id }) => id !== firstWebhook().id) }),
      ['every final job with a webhook has one delivery, and it arrived'],
    ],
    [
      'webhooks are signed with another secret',
      () => ({ webhookSecret: 'whsec_AAAA' }),
      ['every webhook is signed with the secret of its account'],
    ],
    [
      'a submission without a webhook got one',
      () => withSubmission({ hasWebhook: false }),
      ['every final job with a webhook has one delivery, and it arrived'],
    ],
    [
      'a submission was answered with another job',
      () => withSubmission({ jobId: 'job_none' }),
      [
        'every job a client saw accepted is there and ended once',
        'no job is there that no client submitted, and none twice',
      ],
    ],
    [
      'a refused submission was done',
      () => withSubmission({ jobId: null, refusal: { status: 402, type: 'insufficient_funds' } }),
      ['no job is there that no client submitted, and none twice'],
    ],
    [
      'nobody knows what became of a submission',
      () => withSubmission({ jobId: null }),
      ['what became of every submission is known in the end'],
    ],
    [
      'a job was nobody’s submission',
      () => ({ clients: [] }),
      ['no job is there that no client submitted, and none twice'],
    ],
    [
      'a reader saw another text',
      () => ({ watchers: { check: async () => [{ jobId: 'job_none', detail: 'x' }] } }),
      ['every reader of live events saw the whole job, and its text is the result'],
    ],
    [
      'a reader cannot be asked',
      () => ({ watchers: { check: () => Promise.reject(new Error('away')) } }),
      ['every reader of live events saw the whole job, and its text is the result'],
    ],
  ])('%s', async (_name, lie, expected) => {
    const names = namesOf(await check(lie()));
    expect(names).toEqual(expect.arrayContaining(expected));
    expect(names.length).toBeLessThan(40);
  });

  test('a submission that was refused may have been done by a try that nobody answered', async () => {
    const tries = [{ atMs: 0, url: '', outcome: 'timeout' as const }, ...firstSubmission().tries];
    const lie = withSubmission({ jobId: null, refusal: { status: 402, type: 'insufficient_funds' }, tries });
    expect(await check(lie)).toEqual([]);
  });
});

test('a violation comes with the whole story of its job', async () => {
  const jobId = facts.clients[0]?.submissions[6]?.jobId ?? '';
  const kinds = (await historyOf(gateway.sql, jobId, facts)).map((line) => line.split(' ', 1)[0]);
  expect(kinds).toEqual(
    'submitted job attempt attempt metered metered entry entry entry charge delivery posted received'.split(
      ' ',
    ),
  );
  const [violation] = await check({ received: received.filter(({ body }) => !body.includes(jobId)) });
  expect(violation?.jobId).toBe(jobId);
  expect(violation?.history.some((line) => line.startsWith('metered'))).toBe(true);
});
