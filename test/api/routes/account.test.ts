import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertEndedJob } from '../planted-jobs.ts';
import { adminKey, openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

test('the balance has nine places and adds up', async () => {
  const { key } = await server.openAccount({ usd: '12.345678901' });
  const answer = await server.call('GET /v1/balance', { as: key });
  expect(answer.json).toEqual({
    available_usd: '12.345678901',
    held_usd: '0.000000000',
    total_usd: '12.345678901',
  });
});

describe('the statement', () => {
  test('is newest first, with signed amounts and the balances after each entry', async () => {
    const { id, key } = await server.openAccount({ usd: '2' });
    const body = { amount_usd: '-0.5', description: 'taken back' };
    await server.call(`POST /v1/admin/accounts/${id}/credits`, { as: adminKey, body });
    const { json } = await server.call('GET /v1/transactions', { as: key });
    expect(json).toMatchObject({ object: 'list', has_more: false });
    expect(json.data).toMatchObject([
      {
        type: 'adjustment',
        amount_usd: '-0.500000000',
        available_usd: '1.500000000',
        held_usd: '0.000000000',
        job_id: null,
        batch_id: null,
        description: 'taken back',
      },
      { type: 'deposit', amount_usd: '2.000000000', available_usd: '2.000000000' },
    ]);
    expect(json.first_id).toBe(json.data[0].id);
    expect(json.data[0].id).toMatch(/^txn_\d+$/);
    expect(json.data[0].created_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  test('comes in pages that overlap nowhere', async () => {
    const { id, key } = await server.openAccount();
    for (let n = 1; n <= 5; n += 1) {
      const body = { amount_usd: String(n), description: `nr ${n}` };
      await server.call(`POST /v1/admin/accounts/${id}/credits`, { as: adminKey, body });
    }
    const first = await server.call('GET /v1/transactions?limit=2', { as: key });
    expect(first.json.has_more).toBe(true);
    const second = await server.call(`GET /v1/transactions?limit=3&after=${first.json.last_id}`, { as: key });
    expect(second.json.has_more).toBe(false);
    const all = [...first.json.data, ...second.json.data].map((entry) => entry.description);
    expect(all).toEqual(['nr 5', 'nr 4', 'nr 3', 'nr 2', 'nr 1']);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'after=42', 'after=txn_x', 'afer=txn_1'])(
    'refuses ?%s',
    async (query) => {
      const { key } = await server.openAccount();
      const answer = await server.call(`GET /v1/transactions?${query}`, { as: key });
      expect([answer.status, answer.json.error.param]).toEqual([422, query.split('=')[0]]);
    },
  );

  test('of another account stays unseen, whatever is asked', async () => {
    const [mine, theirs] = [await server.openAccount({ usd: '1' }), await server.openAccount({ usd: '7' })];
    const { json } = await server.call('GET /v1/transactions?after=txn_999999999', { as: mine.key });
    expect(json.data).toHaveLength(1);
    expect(JSON.stringify(json)).not.toContain(theirs.id);
  });
});

describe('usage', () => {
  let account: TestAccount;
  beforeAll(async () => {
    account = await server.openAccount();
    const jobs = [
      { model: 'openai/a', provider: 'openai', day: '2030-01-01', charge: 100n, team: 'red' },
      { model: 'openai/a', provider: 'openai', day: '2030-01-01', charge: 20n, team: 'blue' },
      { model: 'google/b', provider: 'google', day: '2030-01-02', charge: 3n, team: 'red' },
      { model: 'google/b', provider: 'google', day: '2030-01-03', charge: 0n, team: null },
    ];
    for (const job of jobs) await insertEndedJob(server.owner, { accountId: account.id, ...job });
    await insertEndedJob(server.owner, {
      accountId: (await server.openAccount()).id,
      ...{ model: 'openai/a', provider: 'openai', day: '2030-01-01', charge: 999n, team: 'red' },
    });
  });

  const ask = async (query: string) => {
    const range = 'from=2030-01-01&to=2030-01-04T00:00:00Z';
    const { json } = await server.call(`GET /v1/usage?${range}${query}`, { as: account.key });
    return json.data.map((row: Record<string, unknown>) => [row['group'], row['jobs'], row['charge_usd']]);
  };

  test('by day', async () => {
    expect(await ask('')).toEqual([
      ['2030-01-01', 2, '0.000000120'],
      ['2030-01-02', 1, '0.000000003'],
      ['2030-01-03', 1, '0.000000000'],
    ]);
  });

  test('by model, provider and metadata field', async () => {
    expect(await ask('&group_by=model')).toEqual([
      ['google/b', 2, '0.000000003'],
      ['openai/a', 2, '0.000000120'],
    ]);
    expect(await ask('&group_by=provider')).toEqual([
      ['google', 2, '0.000000003'],
      ['openai', 2, '0.000000120'],
    ]);
    expect(await ask('&group_by=metadata.team')).toEqual([
      ['blue', 1, '0.000000020'],
      ['red', 2, '0.000000103'],
      [null, 1, '0.000000000'],
    ]);
  });

  test('has tokens, and ends before `to`', async () => {
    const query = 'from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00%2B00:00';
    const { json } = await server.call(`GET /v1/usage?${query}`, { as: account.key });
    expect(json.data).toEqual([
      { group: '2030-01-01', jobs: 2, prompt_tokens: 20, completion_tokens: 10, charge_usd: '0.000000120' },
    ]);
  });

  test.each(['from=yesterday', 'to=2030-13-01', 'group_by=user', 'group_by=metadata.', 'form=2030-01-01'])(
    'refuses ?%s',
    async (query) => {
      const answer = await server.call(`GET /v1/usage?${query}`, { as: account.key });
      expect([answer.status, answer.json.error.param]).toEqual([422, query.split('=')[0]]);
    },
  );

  test('a field with a name from hell is only a name', async () => {
    const name = encodeURIComponent(`metadata.x' or 1=1 --`);
    const answer = await server.call(`GET /v1/usage?group_by=${name}`, { as: account.key });
    expect(answer.status).toBe(200);
  });
});

describe('keys', () => {
  test('are listed without their secret, and made with what was asked', async () => {
    const { id, key } = await server.openAccount();
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const made = await server.call('POST /v1/keys', { as: key, body: { scopes: ['read'], expires_at } });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ account_id: id, scopes: ['read'], expires_at });
    expect(made.json.key).toMatch(new RegExp(`^gw_${made.json.id}_[\\w-]{43}$`));
    const { json, text } = await server.call('GET /v1/keys', { as: key });
    expect(json.data).toHaveLength(2);
    expect(text).not.toContain(made.json.key);
    expect((await server.call('POST /v1/keys', { as: made.json.key })).status).toBe(403);
  });

  test.each([
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['root'] }, 'scopes.0'],
    [{ expires_at: 'soon' }, 'expires_at'],
    [{ expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
    [{ account_id: 'someone' }, 'account_id'],
  ])('refuses %j', async (body, param) => {
    const { key } = await server.openAccount();
    const answer = await server.call('POST /v1/keys', { as: key, body });
    expect([answer.status, answer.json.error.param]).toEqual([422, param]);
  });

  test("another account's key is a 404, like one that is not there", async () => {
    const [mine, theirs] = [await server.openAccount(), await server.openAccount()];
    const foreign = await server.call(`DELETE /v1/keys/${theirs.keyId}`, { as: mine.key });
    const missing = await server.call(`DELETE /v1/keys/${randomBytes(10).toString('hex')}`, { as: mine.key });
    expect([foreign.status, foreign.json.detail]).toEqual([404, missing.json.detail]);
    expect((await server.call('GET /v1/balance', { as: theirs.key })).status).toBe(200);
    const page = await server.call(`GET /v1/keys?after=${theirs.keyId}`, { as: mine.key });
    expect([page.status, page.json.error.param]).toEqual([422, 'after']);
  });
});
