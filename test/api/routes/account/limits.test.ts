import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quotas } from '../../../../src/shared/platform/config/quotas.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { openSse } from '../../http/sse-client.ts';
import {
  adminKey,
  openTestServer,
  type TestAccount,
  type TestAnswer,
  type TestServer,
} from '../../test-server.ts';
import { plantJob } from '../../watch/watched-jobs.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const together = 60;

/** An account that may have so much of something. */
async function limited(limits: Record<string, number>): Promise<TestAccount> {
  const account = await server.openAccount({ usd: '1' });
  await limit(account, limits);
  return account;
}

async function limit(
  account: TestAccount,
  { unfinished_jobs, ...limits }: Record<string, number>,
): Promise<void> {
  const body = { limits, ...(unfinished_jobs === undefined ? {} : { max_queue_depth: unfinished_jobs }) };
  const answer = await server.call(`PATCH /v1/admin/accounts/${account.id}`, { as: adminKey, body });
  expect([answer.status, answer.json.limits]).toEqual([200, limits]);
}

type Limit = { name: string; limit: number; used: number; status_code: number };

async function standing(account: TestAccount, name: string): Promise<Limit> {
  const { json } = await server.call('GET /v1/limits', { as: account.key });
  const found = json.data.find((one: Limit) => one.name === name);
  if (found === undefined) throw new Error(`no limit ${name}`);
  return found;
}

const form = (content: string) =>
  '--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n' +
  '--x\r\ncontent-disposition: form-data; name="file"; filename="lines.jsonl"\r\n\r\n' +
  `${content}\r\n--x--\r\n`;
const upload = (account: TestAccount, content = 'a line') =>
  server.call('POST /v1/files', {
    as: account.key,
    body: form(content),
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
const submit = (account: TestAccount, headers: Record<string, string> = {}) =>
  server.call('POST /v1/jobs', {
    as: account.key,
    body: {
      request: { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] },
      run_at: '2099-01-01T00:00:00Z',
    },
    headers,
  });
const messageBatch = (account: TestAccount) =>
  server.call('POST /v1/messages/batches', {
    as: account.key,
    body: { requests: [{ custom_id: 'a', params: { model: 'openai/gpt-5-mini' } }] },
  });

/** How to get one more of each thing, given what was prepared once. */
const makers: Record<string, (account: TestAccount, nth: number, prepared: string) => Promise<TestAnswer>> = {
  files: (account) => upload(account),
  open_batches: (account, nth, input_file_id) =>
    nth % 2 === 0
      ? messageBatch(account)
      : server.call('POST /v1/batches', {
          as: account.key,
          body: { input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' },
        }),
  unfinished_jobs: (account) => submit(account),
  keys: (account) => server.call('POST /v1/keys', { as: account.key }),
  webhook_endpoints: (account) =>
    server.call('POST /v1/webhook_endpoints', {
      as: account.key,
      body: { name: 'a', url: 'https://example.com/', event_types: ['job.failed'] },
    }),
  idempotency_keys: (account, nth) => {
    const headers = { 'idempotency-key': `key ${nth}` };
    return nth % 2 === 0
      ? submit(account, headers)
      : server.call('POST /v1/webhook_secret/rotate', { as: account.key, headers });
  },
};

describe('GET /v1/limits', () => {
  test('tells every quota with its default, and what the account has', async () => {
    const account = await server.openAccount({ usd: '1' });
    await upload(account, 'four');
    await submit(account, { 'idempotency-key': 'one' });
    const { status, json } = await server.call('GET /v1/limits', { as: account.key });
    expect([status, json.object, json.account_id]).toEqual([200, 'limits', account.id]);
    const listed = Object.fromEntries(json.data.map(({ name, limit, used }: Limit) => [name, [limit, used]]));
    expect(listed).toMatchObject({
      stored_bytes: [10_000_000_000, 4],
      files: [1000, 1],
      open_batches: [20, 0],
      unfinished_jobs: [100_000, 1],
      event_streams: [200, 0],
      keys: [100, 1],
      webhook_endpoints: [100, 0],
      idempotency_keys: [100_000, 1],
      requests_per_minute: [null, null],
      jwt_accounts: [null, null],
      body_bytes: [100_000, null],
      conversation_turns: [200, null],
    });
    const byOperator = await server.call(`GET /v1/admin/accounts/${account.id}/limits`, { as: adminKey });
    expect(byOperator.json).toEqual(json);
  });

  test('is described, with every name that an account’s limits may hold', async () => {
    const { json } = await server.call('GET /openapi.json');
    expect(json.paths['/v1/limits'].get.responses['200']).toBeDefined();
    const change = JSON.stringify(json.paths['/v1/admin/accounts/{id}'].patch.requestBody);
    for (const { name } of quotas) if (name !== 'unfinished_jobs') expect(change).toContain(`"${name}"`);
  });

  test('a limit of null is the default again, and what is no quota is refused', async () => {
    const account = await limited({ files: 3, open_batches: 2 });
    const patch = (limits: object) =>
      server.call(`PATCH /v1/admin/accounts/${account.id}`, { as: adminKey, body: { limits } });
    expect((await patch({ files: null })).json.limits).toEqual({ open_batches: 2 });
    expect(await standing(account, 'files')).toMatchObject({ limit: 1000 });
    for (const wrong of [{ nonsense: 1 }, { files: 0 }, { files: 1.5 }, { files: 2_000_000_000 }]) {
      expect((await patch(wrong)).status).toBe(422);
    }
  });
});

describe('quotas', () => {
  test.each(Object.keys(makers))(
    '%s: many at once never pass the limit, and are refused by name',
    async (name) => {
      const account = await server.openAccount({ usd: '1' });
      const prepared = name === 'open_batches' ? (await upload(account)).json.id : '';
      await limit(account, { [name]: 7 });
      const make = makers[name] as (typeof makers)[string];
      const answers = await Promise.all(
        Array.from({ length: together }, (_, nth) => make(account, nth, prepared)),
      );
      const refused = answers.filter(({ status }) => status === 429);
      // The key that asks is one of them.
      const room = name === 'keys' ? 6 : 7;
      expect([answers.length - refused.length, refused.length]).toEqual([room, together - room]);
      expect(answers.filter(({ status }) => status >= 400 && status !== 429)).toEqual([]);
      expect(await standing(account, name)).toMatchObject({ limit: 7, used: 7, status_code: 429 });
      for (const { text, headers } of refused) {
        expect(text).toContain(name);
        // What only a delete makes room for is not worth asking again; the rest says when.
        expect(headers['retry-after'] !== undefined).toBe(headers['x-should-retry'] === 'true');
        expect(headers['ratelimit'] ?? '').not.toMatch(/t=undefined/);
      }
      const flat = refused.find(({ json }) => json.quota !== undefined);
      expect(flat?.json).toMatchObject({ error_type: 'rate_limited', quota: name, limit: '7' });
    },
  );

  test('stored_bytes: uploads at once never pass the limit, leave nothing behind, and fit again after a delete', async () => {
    const account = await limited({ stored_bytes: 1000 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => upload(account, 'x'.repeat(150))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(6);
    const refused = answers.find(({ status }) => status !== 200);
    expect([refused?.status, refused?.json.quota, refused?.headers['x-should-retry']]).toEqual([
      413,
      'stored_bytes',
      'false',
    ]);
    expect(await standing(account, 'stored_bytes')).toMatchObject({ used: 900, status_code: 413 });
    expect(await standing(account, 'files')).toMatchObject({ used: 6 });
    const kept = answers.find(({ status }) => status === 200)?.json.id;
    expect((await server.call(`DELETE /v1/files/${kept}`, { as: account.key })).status).toBe(200);
    expect((await upload(account, 'x'.repeat(150))).status).toBe(200);
  });

  test('stored_bytes: the requests of a message batch count, and one that does not fit leaves nothing', async () => {
    const account = await limited({ stored_bytes: 150 });
    expect((await messageBatch(account)).status).toBe(200);
    const refused = await messageBatch(account);
    expect([refused.status, refused.json.error.type]).toEqual([413, 'request_too_large']);
    expect(refused.json.error.message).toContain('stored_bytes');
    expect(await standing(account, 'open_batches')).toMatchObject({ used: 1 });
    expect(await server.owner`select id from files where account_id = ${account.id}`).toHaveLength(1);
  });

  test('open_batches: one too many keeps none of its requests', async () => {
    const account = await limited({ open_batches: 1 });
    await messageBatch(account);
    const { used } = await standing(account, 'stored_bytes');
    expect((await messageBatch(account)).status).toBe(429);
    expect(await standing(account, 'stored_bytes')).toMatchObject({ used });
  });

  test('unfinished_jobs: what ends makes room', async () => {
    const account = await limited({ unfinished_jobs: 1 });
    const { json } = await submit(account);
    expect((await submit(account)).status).toBe(429);
    await server.call(`POST /v1/jobs/${json.id}/cancel`, { as: account.key });
    expect((await submit(account)).status).toBe(202);
  });

  test('idempotency_keys: what was answered is answered again when there is no room for more', async () => {
    const account = await limited({ idempotency_keys: 1 });
    const first = await submit(account, { 'idempotency-key': 'one' });
    expect((await submit(account, { 'idempotency-key': 'two' })).status).toBe(429);
    expect((await submit(account, { 'idempotency-key': 'one' })).text).toBe(first.text);
    expect((await submit(account)).status).toBe(202);
  });

  test('event_streams: one too many is refused, and one that ends makes room', async () => {
    const account = await limited({ event_streams: 2 });
    await server.app.listen({ port: 0, host: '127.0.0.1' });
    const url = `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
    const job = await plantJob(server.owner, account.id, true);
    const path = `/v1/jobs/${job}/events`;
    const open = () => openSse(`${url}${path}`, { authorization: `Bearer ${account.key}` });
    const [first] = [await open(), await open()];
    const refused = await server.call(`GET ${path}`, { as: account.key });
    expect([refused.status, refused.json.quota]).toEqual([429, 'event_streams']);
    expect(await standing(account, 'event_streams')).toMatchObject({ limit: 2, used: 2 });
    first.leave();
    await waitFor('room for one more', async () => (await standing(account, 'event_streams')).used === 1);
    expect((await open()).status).toBe(200);
  });
});
