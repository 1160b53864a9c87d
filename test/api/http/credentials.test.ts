import { type AddressInfo, connect } from 'node:net';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toRefusal } from '../../../src/api/http/problem.ts';
import { statusOf } from '../../../src/shared/errors.ts';
import { adminKey, jwtSecret, openTestServer, type TestServer } from '../test-server.ts';

const now = () => Math.floor(Date.now() / 1000);
const token = (claims: Record<string, unknown>) =>
  new SignJWT({ exp: now() + 3600, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(jwtSecret));

describe('an address from which somebody guesses', () => {
  let server: TestServer;
  const logged: Record<string, unknown>[] = [];
  beforeAll(async () => {
    server = await openTestServer((deps) => {
      deps.config.http.requestsPerMinute = 5;
      deps.log = Object.assign(Object.create(deps.log) as typeof deps.log, {
        info: (fields: Record<string, unknown>) => logged.push(fields),
      });
      deps.log.child = () => deps.log as never;
    });
  });
  afterAll(() => server.close());

  test('is refused its guesses and nothing else', async () => {
    const { key } = await server.openAccount();
    const guess = () => server.call('GET /v1/balance', { as: `gw_${'0'.repeat(20)}_${'x'.repeat(43)}` });
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) statuses.push((await guess()).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const refused = await server.call('GET /v1/balance', { as: 'a.b.c' });
    expect([refused.status, refused.json.error_type]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);

    const jwt = await token({ sub: 'a colleague' });
    for (const as of [key, jwt, key, jwt]) {
      expect((await server.call('GET /v1/balance', { as })).status).toBe(200);
    }
    for (let n = 0; n < 10; n += 1) {
      expect((await server.call('GET /v1/admin/accounts', { as: adminKey })).status).toBe(200);
    }
  });

  test('the log says what was wrong, the answer does not', async () => {
    logged.length = 0;
    const refused = await server.call('GET /v1/balance', { as: await token({ sub: 'a', exp: now() - 100 }) });
    expect(refused.text).not.toMatch(/exp/);
    expect(logged).toContainEqual(
      expect.objectContaining({ credential_fault: expect.stringContaining('"exp"') as unknown }),
    );
  });
});

describe('refusals of credentials', () => {
  let server: TestServer;
  let port: number;
  beforeAll(async () => {
    server = await openTestServer();
    await server.app.listen({ port: 0, host: '127.0.0.1' });
    port = (server.app.server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  test('are not to be tried again', async () => {
    const { key } = await server.openAccount({ scopes: ['read'] });
    const unknown = await server.call('GET /v1/balance', { as: 'nobody' });
    const lacking = await server.call('POST /v1/keys', { as: key });
    expect([unknown.status, unknown.headers['x-should-retry']]).toEqual([401, 'false']);
    expect([lacking.status, lacking.headers['x-should-retry']]).toEqual([403, 'false']);
  });

  test.each([
    ['POST', '/v1/jobs', 401],
    ['POST', '/v1/files', 401],
    ['POST', '/v1/nowhere', 404],
    ['POST', '/v1/%zz', 404],
    ['GET', '/health/live', 200],
  ])('%s %s: the body is not taken in, and the answer still arrives', async (method, path, status) => {
    const socket = connect(port, '127.0.0.1');
    const piece = Buffer.alloc(64 * 1024, 0x20);
    let sent = 0;
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('error', () => undefined);
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    const size = 1024 ** 3;
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${size}\r\n\r\n`,
    );
    const pump = () => {
      while (!socket.destroyed && sent < size) {
        sent += piece.length;
        if (!socket.write(piece)) return socket.once('drain', pump);
      }
      return undefined;
    };
    pump();
    await closed;
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text.toLowerCase()).toContain('connection: close');
    // What the kernel buffers on both sides, and no more.
    expect(socket.bytesWritten).toBeLessThan(32 * 1024 * 1024);
  });

  test('a body that breaks off is the fault of its client, not of the database', () => {
    const reset = (message: string) => Object.assign(new Error(message), { code: 'ECONNRESET' });
    expect(statusOf(toRefusal(reset('aborted')))).toBe(400);
    expect(statusOf(toRefusal(reset('read ECONNRESET')))).toBe(503);
  });
});

describe('subjects of tokens', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer();
  });
  afterAll(() => server.close());

  const subjects = [
    'ann+test@mail.example',
    "o'neil@mail.example",
    'dGhl+L2E9PQ/x+c=',
    'repo:org/repo:ref:refs/heads/main',
    'spiffe://corp.example/ns/default/sa/app',
    'uid=ann,ou=people',
    'jörg',
    'Ann Lee',
    '100%',
    '%2e%2e/?#[]{}"\\',
    '\u{1f600}'.repeat(255),
  ];

  test.each(subjects)('%s owns an account like any other', async (sub) => {
    const as = await token({ sub });
    expect((await server.call('GET /v1/balance', { as })).status).toBe(200);
    const path = `/v1/admin/accounts/${encodeURIComponent(sub)}`;
    const credit = await server.call(`POST ${path}/credits`, { as: adminKey, body: { amount_usd: '1' } });
    expect([credit.status, (await server.call(`GET ${path}`, { as: adminKey })).json?.id]).toEqual([
      201,
      sub,
    ]);
    const request = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
    const headers = { 'idempotency-key': 'one' };
    const job = await server.call('POST /v1/jobs', { as, headers, body: { request } });
    expect(job.status).toBe(202);
    expect((await server.call(`GET /v1/jobs/${job.json.id}`, { as })).json.id).toBe(job.json.id);
    const made = await server.call('POST /v1/keys', { as });
    expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(200);
    const secret = await server.call('GET /v1/webhook_secret', { as });
    expect(secret.json.secret).toMatch(/^whsec_/);
    const stream = await server.call(`POST /v1/jobs/${job.json.id}/stream_token`, { as });
    expect(stream.json.url.length).toBeLessThan(2048);
    const after = encodeURIComponent(sub);
    expect((await server.call(`GET /v1/admin/accounts?after=${after}`, { as: adminKey })).status).toBe(200);
    const jobs = await server.call(`GET /v1/admin/jobs?account_id=${after}`, { as: adminKey });
    expect(jobs.json.data).toHaveLength(1);
  });

  test('an operator may give such an id too, and no other', async () => {
    const make = (id: string) =>
      server.call('POST /v1/admin/accounts', { as: adminKey, body: { id, name: 'x' } });
    const made = await make('spiffe://a/b c');
    expect([made.status, made.headers['location']]).toEqual([
      201,
      '/v1/admin/accounts/spiffe%3A%2F%2Fa%2Fb%20c',
    ]);
    for (const id of ['', 'a\n', 'a\u0085', 'x'.repeat(256)]) expect((await make(id)).status).toBe(422);
  });

  test('clocks may differ by a minute', async () => {
    const status = async (claims: Record<string, unknown>) =>
      (await server.call('GET /v1/balance', { as: await token({ sub: 'a', ...claims }) })).status;
    expect(await status({ nbf: now() + 50 })).toBe(200);
    expect(await status({ iat: now() + 50 })).toBe(200);
    expect(await status({ exp: now() - 50 })).toBe(200);
    expect(await status({ nbf: now() + 70 })).toBe(401);
    expect(await status({ iat: now() + 70 })).toBe(401);
    expect(await status({ exp: now() - 70 })).toBe(401);
  });
});

describe('accounts made by tokens', () => {
  test('are so many a minute, and those that are there come in all the same', async () => {
    const server = await openTestServer((deps) => {
      deps.config.auth.accountsByToken = 3;
    });
    const come = async (sub: string) => server.call('GET /v1/balance', { as: await token({ sub }) });
    for (const sub of ['a', 'b', 'c']) expect((await come(sub)).status).toBe(200);
    const refused = await come('d');
    expect([refused.status, refused.json.error_type, refused.json.quota]).toEqual([
      429,
      'rate_limited',
      'jwt_accounts',
    ]);
    expect((await come('a')).status).toBe(200);
    await server.close();
  });

  test('are none where only known ones come in', async () => {
    const server = await openTestServer((deps) => {
      deps.config.auth.accountsByToken = null;
      deps.config.auth.maxLifeSeconds = 7200;
    });
    const unknown = await server.call('GET /v1/balance', { as: await token({ sub: 'ann' }) });
    expect([unknown.status, unknown.json.detail]).toEqual([403, expect.stringContaining('known accounts')]);
    const admin = await token({ sub: 'boss', scope: 'gateway:admin' });
    const made = await server.call('POST /v1/admin/accounts', {
      as: admin,
      body: { id: 'ann', name: 'Ann' },
    });
    expect(made.status).toBe(201);
    expect((await server.call('GET /v1/balance', { as: await token({ sub: 'ann' }) })).status).toBe(200);
    const longLived = await token({ sub: 'ann', exp: now() + 7300 });
    expect((await server.call('GET /v1/balance', { as: longLived })).status).toBe(401);
    await server.close();
  });
});
