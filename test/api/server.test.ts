import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireScopes } from '../../src/api/http/scopes.ts';
import { adminKey, openTestServer, type TestServer } from './test-server.ts';

test('a route that does not say who may use it stops the start', async () => {
  const app = fastify();
  requireScopes(app);
  app.get('/said', { config: { scope: 'public' } }, async () => 'ok');
  app.get('/forgotten', async () => 'ok');
  await expect(app.ready()).rejects.toThrow(/no scope is set for GET \/forgotten/);
});

describe('over a socket', () => {
  let server: TestServer;
  let port: number;
  beforeAll(async () => {
    server = await openTestServer((deps) => {
      deps.config.http.corsOrigins = ['https://console.example'];
    });
    await server.app.listen({ port: 0, host: '127.0.0.1' });
    port = (server.app.server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  const raw = (bytes: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', () => resolve(answer));
    });

  test('what is not HTTP is refused in the shape of every error', async () => {
    const answer = await raw('NONSENSE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 400 });
    const long = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(long).toMatch(/^HTTP\/1\.1 431 /);
  });

  test.each([
    'POST /v1/keys HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /v1/keys HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    'POST /v1/keys HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
  ])('two readings of one request are refused: %j', async (bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('slow senders are bounded', () => {
    const { headersTimeout, requestTimeout } = server.app.server;
    expect([headersTimeout, requestTimeout]).toEqual([15_000, 300_000]);
  });

  test('only listed origins may read answers, and without credentials', async () => {
    const ask = (origin: string) => server.call('GET /health/live', { headers: { origin } });
    expect((await ask('https://console.example')).headers['access-control-allow-origin']).toBe(
      'https://console.example',
    );
    for (const origin of ['https://evil.example', 'null', 'https://console.example.evil.example']) {
      expect((await ask(origin)).headers['access-control-allow-origin']).toBeUndefined();
    }
    const preflight = await server.call('OPTIONS /v1/keys', {
      headers: { origin: 'https://console.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-credentials']).toBeUndefined();
  });
});

test('without a list, no origin is allowed', async () => {
  const server = await openTestServer();
  const answer = await server.call('GET /health/live', { headers: { origin: 'https://console.example' } });
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  await server.close();
});

test('closing ends idle connections at once and lets work end', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = await openTestServer((deps) => {
    deps.providerStatus = () => held.then(() => []);
  });
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  const port = (server.app.server.address() as AddressInfo).port;
  const agent = new Agent({ keepAlive: true });
  const ask = (path: string) =>
    new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
      const headers = { authorization: `Bearer ${adminKey}` };
      const sent = httpRequest({ port, host: '127.0.0.1', path, agent, headers }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve({ status: answer.statusCode, connection: answer.headers.connection }));
      });
      sent.on('error', reject).end();
    });
  await ask('/health/live');
  const working = ask('/v1/admin/providers');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const start = performance.now();
  const closed = server.close();
  setTimeout(release, 300);
  expect(await working).toEqual({ status: 200, connection: 'close' });
  await closed;
  expect(performance.now() - start).toBeLessThan(3000);
  agent.destroy();
});

test('the description lists every route that is not hidden, as OpenAPI 3.1', async () => {
  const server = await openTestServer();
  const { json } = await server.call('GET /openapi.json');
  expect(json.openapi).toBe('3.1.0');
  const operations = Object.entries(json.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(operations).toEqual(
    expect.arrayContaining([
      'GET /v1/balance',
      'GET /v1/transactions',
      'GET /v1/usage',
      'POST /v1/keys',
      'DELETE /v1/keys/{key_id}',
      'POST /v1/admin/accounts/{id}/credits',
      'PATCH /v1/admin/accounts/{id}',
      'GET /v1/admin/ledger/check',
      'GET /health',
    ]),
  );
  const { parameters } = json.paths['/v1/jobs'].post;
  expect(parameters).toEqual([
    expect.objectContaining({ in: 'header', name: 'idempotency-key', required: false }),
  ]);
  expect((await server.call('GET /docs/')).status).toBe(200);
  expect((await server.call('GET /docs/static/swagger-ui.css')).status).toBe(200);
  await server.close();
});
