import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminKey, openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
let account: TestAccount;
let port: number;
beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.config.http.corsOrigins = ['https://app.example'];
    deps.config.http.trustProxy = ['loopback'];
  });
  account = await server.openAccount({ usd: '1' });
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  port = (server.app.server.address() as AddressInfo).port;
});
afterAll(() => server.close());

/** What comes back for these bytes until the connection ends. */
async function send(
  request: string,
): Promise<{ status: number; headers: string; json: Record<string, unknown> }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (piece) => {
    text += piece.toString();
  });
  socket.write(request);
  await new Promise((done) => socket.once('close', done));
  const [headers = '', body = ''] = text.split('\r\n\r\n');
  return {
    status: Number(headers.split(' ')[1]),
    headers: headers.toLowerCase(),
    json: JSON.parse(body) as Record<string, unknown>,
  };
}

test.each([
  ['GET /v1/models HTTP/1.1\r\nhost: x\r\nexpect: x\r\nconnection: close\r\n\r\n', 417],
  ['GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
  ['GET /health HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n', 400],
  [`GET /v1/models HTTP/1.1\r\nauthorization: Bearer ${adminKey}\r\nconnection: close\r\n\r\n`, 400],
])('%j is refused with %i, in our shape and with an id', async (text, status) => {
  const answer = await send(text);
  expect([answer.status, answer.json['code']]).toEqual([status, status]);
  expect(answer.headers).toContain(`x-request-id: ${String(answer.json['request_id'])}`);
});

test('the boundary of a form may be of any length, and is at most refused', async () => {
  const boundary = 'x'.repeat(300);
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  const answer = await server.call('POST /v1/files', { as: account.key, headers, body: `--${boundary}--` });
  expect([answer.status, answer.json.error_type]).toEqual([400, 'invalid_json']);
});

test('the page of the documentation sends nobody in a circle', async () => {
  for (const path of ['/docs/static/index.html?x', '/docs/static/index.html']) {
    const answer = await server.call(`GET ${path}`);
    expect([answer.status, answer.headers['location']]).toEqual([302, '/docs/']);
  }
});

describe('headers', () => {
  test('private answers are kept nowhere, refusals neither', async () => {
    const kept = async (request: string, as = account.key) =>
      (await server.call(request, { as })).headers['cache-control'];
    for (const request of [
      'GET /v1/balance',
      'GET /v1/jobs',
      'POST /v1/keys',
      'GET /nowhere',
      'GET /health',
    ]) {
      expect([request, await kept(request)]).toEqual([request, 'no-store']);
    }
    expect(await kept('GET /v1/balance', 'nobody')).toBe('no-store');
    expect(await kept(`POST /v1/admin/accounts/${account.id}/keys`, adminKey)).toBe('no-store');
  });

  test('TLS is asked for over TLS, and of no other host', async () => {
    const asked = async (headers: Record<string, string>) =>
      (await server.call('GET /health/live', { headers })).headers['strict-transport-security'];
    expect(await asked({})).toBeUndefined();
    expect(await asked({ 'x-forwarded-proto': 'https' })).toBe('max-age=31536000');
  });

  test('clients in a browser may read what the SDKs read', async () => {
    const headers = { origin: 'https://app.example' };
    const answer = await server.call('GET /v1/balance', { as: account.key, headers });
    const exposed = String(answer.headers['access-control-expose-headers']).split(', ');
    for (const name of ['retry-after-ms', 'x-should-retry', 'request-id', 'x-ratelimit-limit-requests']) {
      expect(exposed).toContain(name);
    }
  });
});
