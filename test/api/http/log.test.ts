import { pino } from 'pino';
import { expect, test } from 'vitest';
import { adminKey, openTestServer } from '../test-server.ts';

test('the log has ids, routes and times, and nothing that was sent', async () => {
  const lines: string[] = [];
  const server = await openTestServer((deps) => {
    deps.log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
    deps.providerStatus = () => Promise.reject(new Error('a bug'));
  });
  const { id, key } = await server.openAccount();
  const body = { amount_usd: '1', description: 'canary-body' };
  await server.call(`POST /v1/admin/accounts/${id}/credits`, { as: adminKey, body });
  await server.call('GET /v1/transactions?after=txn_1', { as: key, headers: { 'x-mine': 'canary-header' } });
  await server.call('GET /v1/balance?token=canary-query', { as: 'canary-credential' });
  await server.call('POST /v1/admin/accounts', { as: adminKey, body: '{"name":"canary-broken' });
  const bug = await server.call('GET /v1/admin/providers', { as: adminKey });
  await server.close();

  const text = lines.join('');
  expect(text).not.toContain('canary');
  expect(text).not.toContain(key);
  expect(text).not.toContain(adminKey);
  const answered = lines.map((line) => JSON.parse(line)).filter((line) => line.msg === 'request answered');
  expect(answered.find((line) => line.route === '/v1/transactions')).toMatchObject({
    method: 'GET',
    status: 200,
    account_id: id,
    request_id: expect.stringMatching(/^req_/),
    duration_ms: expect.any(Number),
  });
  expect(bug.status).toBe(500);
  expect(bug.text).not.toContain('a bug');
  const failed = lines.map((line) => JSON.parse(line)).find((line) => line.msg === 'request failed');
  expect(failed).toMatchObject({ request_id: bug.json.request_id, level: 50 });
  expect(JSON.stringify(failed)).toContain('error');
});

test('behind a listed proxy the address is the one it saw; else it is the socket', async () => {
  const seen = async (trustProxy: string[]) => {
    const server = await openTestServer((deps) => {
      deps.config.http.trustProxy = trustProxy;
      deps.config.http.requestsPerMinute = 1;
    });
    const ask = (address: string) =>
      server.call('GET /v1/balance', { as: 'x', headers: { 'x-forwarded-for': address } });
    const statuses = [];
    for (const address of ['1.1.1.1', '6.6.6.6, 1.1.1.1', '2.2.2.2'])
      statuses.push((await ask(address)).status);
    await server.close();
    return statuses;
  };
  expect(await seen(['127.0.0.1'])).toEqual([401, 429, 401]);
  expect(await seen([])).toEqual([401, 429, 429]);
});
