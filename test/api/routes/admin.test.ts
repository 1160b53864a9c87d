import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertEndedJob } from '../planted-jobs.ts';
import { adminKey, openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const ask = (request: string, body?: unknown) =>
  server.call(request, { as: adminKey, ...(body === undefined ? {} : { body }) });

describe('accounts', () => {
  test('are created with an id, a name and money', async () => {
    const answer = await ask('POST /v1/admin/accounts', { id: 'acme', name: 'Acme', credit_usd: '100' });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe('/v1/admin/accounts/acme');
    expect(answer.json).toMatchObject({
      id: 'acme',
      name: 'Acme',
      available_usd: '100.000000000',
      held_usd: '0.000000000',
      total_usd: '100.000000000',
    });
    const again = await ask('POST /v1/admin/accounts', { id: 'acme', name: 'Other' });
    expect([again.status, again.json.error_type]).toEqual([409, 'invalid_state']);
    expect((await ask('GET /v1/admin/accounts/acme')).json).toEqual(answer.json);
  });

  test.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'x', id: 'a\u0007b' }, 'id'],
    [{ name: 'x', id: '' }, 'id'],
    [{ name: 'x', credit_usd: '-1' }, 'credit_usd'],
    [{ name: 'x', credit_usd: '1e3' }, 'credit_usd'],
    [{ name: 'x', credit_usd: '0.0000000001' }, 'credit_usd'],
    [{ name: 'x', paused: true }, 'paused'],
  ])('refuses %j', async (body, param) => {
    const answer = await ask('POST /v1/admin/accounts', body);
    expect([answer.status, answer.json.error.param]).toEqual([422, param]);
  });

  test('are listed newest first, in pages', async () => {
    const ids = ['page-1', 'page-2', 'page-3'];
    for (const id of ids) await ask('POST /v1/admin/accounts', { id, name: id });
    const first = await ask('GET /v1/admin/accounts?limit=2');
    expect(first.json.data.map((account: { id: string }) => account.id)).toEqual(['page-3', 'page-2']);
    const second = await ask(`GET /v1/admin/accounts?limit=1&after=${first.json.last_id}`);
    expect(second.json.first_id).toBe('page-1');
  });

  test('change, and a limit of null is the default again', async () => {
    const { id } = await server.openAccount();
    const changes = {
      name: 'New name',
      weight: 5,
      max_concurrency: 3,
      max_queue_depth: 10,
      default_max_output_tokens: 256,
    };
    const changed = await ask(`PATCH /v1/admin/accounts/${id}`, changes);
    expect(changed.json).toMatchObject(changes);
    const back = await ask(`PATCH /v1/admin/accounts/${id}`, { max_concurrency: null });
    expect(back.json).toMatchObject({ ...changes, max_concurrency: null });
    expect((await ask(`PATCH /v1/admin/accounts/${id}`, {})).status).toBe(200);
  });

  test.each([
    { weight: 0 },
    { weight: 1.5 },
    { max_concurrency: 0 },
    { paused: 'yes' },
    { default_max_output_tokens: 16_385 },
    { available_nano: 5 },
    { id: 'other' },
  ])('refuse %j', async (body) => {
    const { id } = await server.openAccount();
    expect((await ask(`PATCH /v1/admin/accounts/${id}`, body)).status).toBe(422);
  });
});

describe('credits', () => {
  test('are entries with the balances after them', async () => {
    const { id } = await server.openAccount();
    const answer = await ask(`POST /v1/admin/accounts/${id}/credits`, { amount_usd: '0.000000001' });
    expect([answer.status, answer.json.type]).toEqual([201, 'deposit']);
    expect(answer.json).toMatchObject({ amount_usd: '0.000000001', available_usd: '0.000000001' });
  });

  test('take back what is available and no more', async () => {
    const { id } = await server.openAccount({ usd: '1' });
    const path = `POST /v1/admin/accounts/${id}/credits`;
    const refused = await ask(path, { amount_usd: '-1.000000001' });
    expect(refused.status).toBe(402);
    expect(refused.json).toMatchObject({
      error_type: 'insufficient_funds',
      required: '1.000000001',
      available: '1.000000000',
    });
    expect(refused.headers['x-should-retry']).toBe('false');
    const taken = await ask(path, { amount_usd: '-1', description: 'back' });
    expect([taken.status, taken.json.type]).toEqual([201, 'adjustment']);
    expect(taken.json.available_usd).toBe('0.000000000');
  });

  test('race without a loss', async () => {
    const { id } = await server.openAccount({ usd: '10' });
    const path = `POST /v1/admin/accounts/${id}/credits`;
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => ask(path, { amount_usd: n % 3 === 0 ? '1' : '-2' })),
    );
    const made = answers.filter((answer) => answer.status === 201);
    expect(answers.every((answer) => answer.status === 201 || answer.status === 402)).toBe(true);
    const sum = made.reduce((total, answer) => total + Number(answer.json.amount_usd), 10);
    expect(Number((await ask(`GET /v1/admin/accounts/${id}`)).json.available_usd)).toBe(sum);
    expect((await ask('GET /v1/admin/ledger/check')).json.ok).toBe(true);
  });

  test('never overflow', async () => {
    const { id } = await server.openAccount();
    const path = `POST /v1/admin/accounts/${id}/credits`;
    for (let n = 0; n < 9; n += 1) expect((await ask(path, { amount_usd: '999999999' })).status).toBe(201);
    const answer = await ask(path, { amount_usd: '999999999' });
    expect([answer.status, answer.json.error_type]).toEqual([409, 'invalid_state']);
  });

  test.each(['0', '', 'ten', '1,5', ' 1', '1.', '.5', '0x10', 'NaN', '1234567890', null, true, 1e21])(
    'refuse the amount %j',
    async (amount_usd) => {
      const { id } = await server.openAccount();
      const answer = await ask(`POST /v1/admin/accounts/${id}/credits`, { amount_usd });
      expect([answer.status, answer.json.error.param]).toEqual([422, 'amount_usd']);
    },
  );
});

test('an account that is not there is the same 404 everywhere', async () => {
  for (const [request, body] of [
    ['GET /v1/admin/accounts/nobody'],
    ['PATCH /v1/admin/accounts/nobody', { weight: 2 }],
    ['POST /v1/admin/accounts/nobody/credits', { amount_usd: '1' }],
    ['POST /v1/admin/accounts/nobody/keys', {}],
  ] as [string, unknown][]) {
    const answer = await ask(request, body);
    expect([request, answer.status, answer.json.detail]).toEqual([request, 404, 'No such account']);
  }
  expect((await ask('DELETE /v1/admin/accounts/nobody/keys/x')).status).toBe(404);
});

test('keys of any scope are made and revoked, each in its own account', async () => {
  const [one, two] = [await server.openAccount(), await server.openAccount()];
  const made = await ask(`POST /v1/admin/accounts/${one.id}/keys`, { scopes: ['admin'] });
  expect(made.status).toBe(201);
  expect((await server.call('GET /v1/admin/accounts', { as: made.json.key })).status).toBe(200);
  expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(200);
  expect((await ask(`DELETE /v1/admin/accounts/${two.id}/keys/${made.json.id}`)).status).toBe(404);
  expect((await ask(`DELETE /v1/admin/accounts/${one.id}/keys/${made.json.id}`)).json).toEqual({
    id: made.json.id,
    object: 'api_key',
    deleted: true,
  });
  expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(401);
});

test('jobs of all accounts are shown without their texts', async () => {
  const { id: accountId } = await server.openAccount();
  const job = {
    accountId,
    model: 'openai/a',
    provider: 'openai',
    day: '2030-01-01',
    charge: 7n,
    team: 'red',
  };
  const ids = [await insertEndedJob(server.owner, job), await insertEndedJob(server.owner, job)];
  const { json, text } = await ask(`GET /v1/admin/jobs?account_id=${accountId}&status=succeeded`);
  expect(json.data.map((row: { id: string }) => row.id)).toEqual(ids.reverse());
  expect(json.data[0]).toMatchObject({
    status: 'succeeded',
    hold_usd: '0.000001000',
    charge_usd: '0.000000007',
  });
  expect(text).not.toContain('metadata');
  const rest = await ask(`GET /v1/admin/jobs?account_id=${accountId}&after=${ids[0]}`);
  expect(rest.json.data).toHaveLength(1);
  expect((await ask('GET /v1/admin/jobs?status=queued')).json.data).toEqual([]);
  expect((await ask('GET /v1/admin/jobs?status=waiting')).status).toBe(422);
});

test('providers are shown, paused and let go', async () => {
  expect((await ask('GET /v1/admin/providers')).json).toMatchObject({
    object: 'list',
    data: [{ name: 'openai', paused: false }],
    has_more: false,
    first_id: 'openai',
    last_id: 'openai',
  });
  for (let n = 0; n < 2; n += 1) {
    expect((await ask('POST /v1/admin/providers/openai/pause')).json.paused).toBe(true);
  }
  expect(await server.sql`select name from paused_providers`).toHaveLength(1);
  expect((await ask('POST /v1/admin/providers/openai/resume')).json.paused).toBe(false);
  expect(await server.sql`select name from paused_providers`).toHaveLength(0);
  expect((await ask('POST /v1/admin/providers/nobody/pause')).status).toBe(404);
});

test('a provider is paused and resumed though nobody can say how it stands', async () => {
  const { providerStatus } = server.deps;
  server.deps.providerStatus = () => Promise.reject(new Error('away'));
  const paused = await ask('POST /v1/admin/providers/openai/pause');
  expect([paused.status, paused.json]).toMatchObject([200, { name: 'openai', paused: true, models: [] }]);
  expect(await server.sql`select name from paused_providers`).toHaveLength(1);
  expect((await ask('POST /v1/admin/providers/openai/resume')).json.paused).toBe(false);
  server.deps.providerStatus = providerStatus;
});
