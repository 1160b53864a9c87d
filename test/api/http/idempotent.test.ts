import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminKey, openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const credit = (id: string, key: string, body: unknown = { amount_usd: '1.5', description: 'x' }) =>
  server.call(`POST /v1/admin/accounts/${id}/credits`, {
    as: adminKey,
    body,
    headers: { 'idempotency-key': key },
  });

test('the same request again gets the first answer, byte for byte', async () => {
  const { id } = await server.openAccount();
  const first = await credit(id, 'once');
  const again = await credit(id, 'once');
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.text).toBe(first.text);
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(again.headers['content-type']).toBe(first.headers['content-type']);
  const account = await server.call(`GET /v1/admin/accounts/${id}`, { as: adminKey });
  expect(account.json.available_usd).toBe('1.500000000');
});

test('the location is replayed too', async () => {
  const headers = { 'idempotency-key': 'new account' };
  const body = { name: 'twice' };
  const first = await server.call('POST /v1/admin/accounts', { as: adminKey, body, headers });
  const again = await server.call('POST /v1/admin/accounts', { as: adminKey, body, headers });
  expect(again.headers['location']).toBe(first.headers['location']);
  expect(again.json.id).toBe(first.json.id);
});

test('another body, or another path, is a conflict', async () => {
  const [{ id }, other] = [await server.openAccount(), await server.openAccount()];
  await credit(id, 'taken');
  for (const answer of [
    await credit(id, 'taken', { amount_usd: '1.50', description: 'x' }),
    await credit(other.id, 'taken'),
  ]) {
    expect([answer.status, answer.json.error_type]).toEqual([409, 'idempotency_conflict']);
    expect(answer.headers['x-should-retry']).toBe('false');
  }
});

test('an estimate is remembered like everything that is posted', async () => {
  const { key } = await server.openAccount();
  const ask = (content: string) =>
    server.call('POST /v1/estimates', {
      as: key,
      body: { request: { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content }] } },
      headers: { 'idempotency-key': 'estimate' },
    });
  const [first, again] = [await ask('one'), await ask('one')];
  expect([first.status, again.status, again.headers['idempotent-replayed']]).toEqual([200, 200, 'true']);
  expect(again.text).toBe(first.text);
  expect((await ask('another')).status).toBe(409);
});

test('twenty at once do the work once', async () => {
  const { id } = await server.openAccount();
  const answers = await Promise.all(Array.from({ length: 20 }, () => credit(id, 'race')));
  expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  expect(answers.every((answer) => answer.status === 201)).toBe(true);
  expect(answers.filter((answer) => answer.headers['idempotent-replayed'] === undefined)).toHaveLength(1);
  const account = await server.call(`GET /v1/admin/accounts/${id}`, { as: adminKey });
  expect(account.json.available_usd).toBe('1.500000000');
});

test('a refusal is not remembered', async () => {
  const { id } = await server.openAccount();
  const take = { amount_usd: '-1', description: 'too early' };
  expect((await credit(id, 'again', take)).status).toBe(402);
  await credit(id, 'money');
  const later = await credit(id, 'again', take);
  expect([later.status, later.headers['idempotent-replayed']]).toEqual([201, undefined]);
});

test('keys of two accounts are two keys', async () => {
  const [one, two] = [await server.openAccount(), await server.openAccount()];
  const headers = { 'idempotency-key': 'same' };
  const first = await server.call('POST /v1/keys', { as: one.key, headers });
  const second = await server.call('POST /v1/keys', { as: two.key, headers });
  expect(second.headers['idempotent-replayed']).toBeUndefined();
  expect(second.json.account_id).toBe(two.id);
  expect(first.json.account_id).toBe(one.id);
});

test('an answer that shows a secret is replayed and not stored in the open', async () => {
  const { key } = await server.openAccount();
  const headers = { 'idempotency-key': 'secret' };
  const first = await server.call('POST /v1/keys', { as: key, headers });
  const again = await server.call('POST /v1/keys', { as: key, headers });
  expect(again.text).toBe(first.text);
  const rows = await server.owner`select reply from idempotency_keys where key = 'secret'`;
  expect(rows).toHaveLength(1);
  expect(Buffer.from(String(rows[0]?.['reply']), 'base64').toString('latin1')).not.toContain(first.json.id);
});

test.each(['', 'x'.repeat(256), 'tab\there', 'ümlaut'])('refuses the key %j', async (key) => {
  const { id } = await server.openAccount();
  const answer = await credit(id, key);
  expect([answer.status, answer.json.error.param]).toEqual([422, 'Idempotency-Key']);
});

test('a first request that ends without an answer leaves the key to the next', async () => {
  const { id } = await server.openAccount();
  const stuck = server.owner.begin(async (tx) => {
    await tx`insert into idempotency_keys (account_id, key, fingerprint, status, reply)
      values ('', 'stuck', 'f', 0, '')`;
    await tx`select pg_sleep(1.5)`;
    throw new Error('gives up');
  });
  stuck.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const answer = await credit(id, 'stuck');
  expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([201, undefined]);
  await expect(stuck).rejects.toThrow('gives up');
});
