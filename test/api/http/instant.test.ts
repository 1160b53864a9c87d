import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jwtSecret, openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
let account: TestAccount;
let endpointId: string;
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount({ usd: '1' });
  const body = { name: 'x', url: 'https://example.com/hook', event_types: ['job.succeeded'] };
  endpointId = (await server.call('POST /v1/webhook_endpoints', { as: account.key, body })).json.id;
});
afterAll(() => server.close());

const request = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
const call = (what: string, body?: unknown) => server.call(what, { as: account.key, body });

/** Everything of a client that is a time. */
const senders: [name: string, send: (time: string) => ReturnType<typeof call>][] = [
  ['run_at', (run_at) => call('POST /v1/jobs', { request, run_at })],
  ['run_at', (run_at) => call('POST /v1/estimates', { request, run_at })],
  ['expires_at', (expires_at) => call('POST /v1/keys', { expires_at })],
  ['since', (since) => call(`POST /v1/webhook_endpoints/${endpointId}/recover`, { since })],
  ['from', (time) => call(`GET /v1/usage?from=${encodeURIComponent(time)}`)],
  ['to', (time) => call(`GET /v1/usage?to=${encodeURIComponent(time)}`)],
];

describe.each(senders)('%s', (name, send) => {
  test.each([
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+14:00',
    '1999-12-31T23:59:59Z',
    '2000-01-01T00:00:00+00:01',
    '2200-12-31T23:59:59-00:01',
    '2201-01-01T00:00:00Z',
    '9999-12-31T23:59:59-14:00',
    '9999-12-31T23:59:59Z',
  ])('%s is refused by name', async (time) => {
    const { status, json } = await send(time);
    expect([status, json.error.param]).toEqual([422, name]);
    expect(json.detail).toMatch(/2000 to 2200|in the future/);
  });

  test('the years around are taken', async () => {
    expect((await send('2200-12-31T23:59:59Z')).status).toBeLessThan(300);
  });
});

test('a token that ends in the year 300000 opens a stream all the same', async () => {
  const exp = Math.floor(Date.UTC(2100, 0) / 1000) * 10_000;
  const as = await new SignJWT({ sub: `s_${randomBytes(4).toString('hex')}`, exp })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(jwtSecret));
  expect((await server.call('GET /v1/balance', { as })).status).toBe(200);
  expect((await server.call('POST /v1/jobs/job_x/stream_token', { as })).status).toBe(404);
});
