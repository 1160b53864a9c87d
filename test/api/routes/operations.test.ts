import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRedis } from '../../../src/shared/platform/redis/redis.ts';
import { testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';
import { adminKey, openTestServer, type TestServer } from '../test-server.ts';

describe('health', () => {
  let server: TestServer;
  let redisAnswers = true;
  // A Redis that is away: nobody listens on the discard port.
  const nowhere = openRedis(
    { url: 'redis://127.0.0.1:9', clusterNodes: null, prefix: 'x' },
    'commands',
    () => undefined,
  );
  beforeAll(async () => {
    server = await openTestServer((deps) => {
      const { pingRedis } = deps;
      deps.pingRedis = () => (redisAnswers ? pingRedis() : nowhere.ping());
    });
  });
  afterAll(async () => {
    nowhere.disconnect();
    await server.close();
  });

  test('names every check with its state and latency', async () => {
    await server.sql`insert into workers (id, concurrency) values ('wrk_1', 5)`;
    const { status, json } = await server.call('GET /health');
    expect([status, json.status]).toEqual([200, 'ok']);
    expect(json.checks.map((check: { name: string }) => check.name)).toEqual([
      'postgres',
      'redis',
      'workers',
    ]);
    for (const check of json.checks) expect(check.latency_ms).toBeGreaterThanOrEqual(0);
  });

  test('Redis away, or no worker, is degraded and not a failure', async () => {
    redisAnswers = false;
    // An answer may be a second old.
    await waitFor('the next look', async () => (await server.call('GET /health')).json.status === 'degraded');
    const { status, json } = await server.call('GET /health');
    expect([status, json.status]).toEqual([200, 'degraded']);
    expect(json.checks[1]).toMatchObject({ name: 'redis', state: 'degraded', detail: 'does not answer' });
    expect((await server.call('GET /health/ready')).json).toEqual({ status: 'degraded' });
    expect((await server.call('GET /health/live')).status).toBe(200);
    redisAnswers = true;
    await server.sql`delete from workers`;
    await waitFor(
      'the next look',
      async () => (await server.call('GET /health')).json.checks[2].state === 'degraded',
    );
  });
});

describe('metrics', () => {
  test('count requests by route pattern, and name no account', async () => {
    const server = await openTestServer();
    const { id, key } = await server.openAccount();
    await server.call('GET /v1/balance', { as: key });
    await server.call(`GET /v1/admin/accounts/${id}`, { as: adminKey });
    await server.call('GET /nothing/at/all');
    const { text, headers } = await server.call('GET /metrics');
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(text).toContain(
      'gateway_requests_answered_total{method="GET",route="/v1/balance",status="200"} 1',
    );
    expect(text).toContain('route="/v1/admin/accounts/:id"');
    expect(text).toContain('gateway_requests_answered_total{method="GET",route="none",status="404"} 1');
    expect(text).not.toContain(id);
    const names = [...text.matchAll(/^# TYPE (gateway_\S+) (\S+)/gm)];
    for (const [, name, type] of names) {
      if (type === 'counter') expect(name).toMatch(/^gateway_[a-z]+_[a-z]+_total$/);
    }
    expect(names.length).toBeGreaterThan(10);
    await server.close();
  });

  test('with a token, only its bearer reads them', async () => {
    const server = await openTestServer((deps) => {
      deps.config.http.metricsToken = 'the metrics token';
    });
    expect((await server.call('GET /metrics')).status).toBe(401);
    expect((await server.call('GET /metrics', { as: adminKey })).status).toBe(401);
    expect((await server.call('GET /metrics', { as: 'the metrics token' })).status).toBe(200);
    await server.close();
  });

  test('without a token nobody reads them where others can reach the port', async () => {
    const server = await openTestServer((deps) => {
      deps.config.http.metricsOpen = false;
    });
    const refused = await server.call('GET /metrics');
    expect([refused.status, refused.json.detail]).toEqual([401, expect.stringContaining('METRICS_TOKEN')]);
    await server.close();
  });
});

describe('the board', () => {
  let server: TestServer;
  let queue: Queue;
  beforeAll(async () => {
    const { url, prefix } = testRedis();
    queue = new Queue('tickets', { connection: { url, maxRetriesPerRequest: 1 }, prefix });
    queue.on('error', () => undefined);
    await queue.add('complete', { id: 'job_1', generation: 0 });
    server = await openTestServer((deps) => {
      deps.queues = [queue];
    });
  });
  afterAll(async () => {
    await server.close();
    await queue.obliterate({ force: true });
    await queue.close();
  });

  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`,
  });

  test('asks a browser for the operator key', async () => {
    const answer = await server.call('GET /admin/queues');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/);
    expect((await server.call('GET /admin/queues', { headers: basic('wrong') })).status).toBe(401);
    for (const path of [
      '/admin/queues',
      '/admin/queues/',
      '/admin/queues/api/queues',
      '/admin/queues/static/x',
    ]) {
      expect([path, (await server.call(`GET ${path}`)).status]).toEqual([path, 401]);
    }
  });

  test('Basic opens the board and nothing else', async () => {
    const page = await server.call('GET /admin/queues', { headers: basic(adminKey) });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const api = await server.call('GET /admin/queues/api/queues', { as: adminKey });
    expect(api.json.queues[0]).toMatchObject({ name: 'tickets', readOnlyMode: true });
    expect((await server.call('GET /v1/admin/accounts', { headers: basic(adminKey) })).status).toBe(401);
  });

  test('nothing can be changed there', async () => {
    for (const action of ['pause', 'empty', 'obliterate', 'promote', 'add']) {
      const answer = await server.call(`PUT /admin/queues/api/queues/tickets/${action}`, { as: adminKey });
      expect([403, 404, 405]).toContain(answer.status);
      const posted = await server.call(`POST /admin/queues/api/queues/tickets/${action}`, { as: adminKey });
      expect([403, 404, 405]).toContain(posted.status);
    }
    expect(await queue.getWaitingCount()).toBe(1);
  });
});
