import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressKey, createRateLimit } from '../../../src/api/http/rate-limit.ts';
import { adminKey, openTestServer, type TestServer } from '../test-server.ts';

describe('the bucket', () => {
  test('lets a minute of requests through at once, then one at a time', () => {
    let now = 0;
    const limit = createRateLimit(() => now);
    const take = () => limit.take('a', 6);
    for (let left = 5; left >= 0; left -= 1) {
      expect(take()).toMatchObject({ allowed: true, remaining: left });
    }
    expect(take()).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 10_000 });
    now += 9_999;
    expect(take().allowed).toBe(false);
    now += 1;
    expect(take()).toMatchObject({ allowed: true, remaining: 0 });
    now += 60_000;
    expect(limit.peek('a', 6)).toMatchObject({ allowed: true, remaining: 6, resetMs: 0 });
  });

  test('counts every key by itself', () => {
    const limit = createRateLimit(() => 0);
    limit.take('a', 1);
    expect(limit.take('a', 1).allowed).toBe(false);
    expect(limit.take('b', 1).allowed).toBe(true);
  });

  test.each([1, 7, 59, 60, 61, 599, 100_000])('%i a minute is exactly that many at once', (perMinute) => {
    const limit = createRateLimit(() => 123.456);
    let allowed = 0;
    for (let n = 0; n < perMinute + 10; n += 1) if (limit.take('a', perMinute).allowed) allowed += 1;
    expect(allowed).toBe(perMinute);
  });

  test('addresses count alone in IPv4 and by /64 in IPv6', () => {
    expect(addressKey('10.0.0.1')).toBe('10.0.0.1');
    expect(addressKey('::ffff:10.0.0.1')).toBe('::ffff:10.0.0.1');
    expect(addressKey('2001:db8::5')).toBe(addressKey('2001:db8:0:0:ffff::1'));
    expect(addressKey('2001:db8:0:1::5')).not.toBe(addressKey('2001:db8::5'));
  });
});

describe('over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer((deps) => {
      deps.config.http.requestsPerMinute = 5;
    });
  });
  afterAll(() => server.close());

  test('an account is told where it stands and stopped with 429', async () => {
    const { key } = await server.openAccount();
    const first = await server.call('GET /v1/balance', { as: key });
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"requests";q=5;w=60',
      ratelimit: '"requests";r=4;t=12',
      'ratelimit-limit': '5',
      'ratelimit-remaining': '4',
      'ratelimit-reset': '12',
      'x-ratelimit-limit-requests': '5',
      'x-ratelimit-remaining-requests': '4',
      'x-ratelimit-reset-requests': '12s',
    });
    for (let n = 0; n < 4; n += 1) {
      expect((await server.call('GET /v1/balance', { as: key })).status).toBe(200);
    }
    const stopped = await server.call('GET /v1/balance', { as: key });
    expect([stopped.status, stopped.json.error_type]).toEqual([429, 'rate_limited']);
    expect([11, 12]).toContain(Number(stopped.headers['retry-after']));
    expect(stopped.headers['x-should-retry']).toBe('true');
    expect(stopped.headers['ratelimit-remaining']).toBe('0');
  });

  test('an account may have a limit of its own, and the operator has none', async () => {
    const { id, key } = await server.openAccount();
    const body = { requests_per_minute: 1 };
    await server.call(`PATCH /v1/admin/accounts/${id}`, { as: adminKey, body });
    expect((await server.call('GET /v1/balance', { as: key })).status).toBe(200);
    expect((await server.call('GET /v1/balance', { as: key })).status).toBe(429);
    for (let n = 0; n < 10; n += 1) {
      expect((await server.call('GET /v1/admin/accounts', { as: adminKey })).status).toBe(200);
    }
  });

  test('an address that guesses is stopped; known keys from there go on', async () => {
    const { key } = await server.openAccount();
    await server.call('GET /v1/balance', { as: key });
    const statuses: number[] = [];
    for (let n = 0; n < 7; n += 1)
      statuses.push((await server.call('GET /v1/keys', { as: `guess${n}` })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await server.call('GET /v1/balance', { as: key })).status).toBe(200);
  });
});
