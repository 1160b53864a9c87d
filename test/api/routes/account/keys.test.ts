import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../support/wait-for.ts';
import { openSse } from '../../http/sse-client.ts';
import { adminKey, openTestServer, type TestServer } from '../../test-server.ts';
import { plantJob } from '../../watch/watched-jobs.ts';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.credentialLookMs = 50;
  });
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const make = (as: string, body: object = {}) => server.call('POST /v1/keys', { as, body });
const status = async (as: string) => (await server.call('GET /v1/balance', { as })).status;

describe("a key's children", () => {
  test('end no later than it', async () => {
    const { key } = await server.openAccount();
    const parent = (await make(key, { expires_at: inMs(60_000) })).json;
    const child = (await make(parent.key)).json;
    expect(child.expires_at).toBe(parent.expires_at);
    expect((await make(parent.key, { expires_at: inMs(30_000) })).status).toBe(201);
    const longer = await make(parent.key, { expires_at: inMs(90_000) });
    expect([longer.status, longer.json.error.param]).toEqual([422, 'expires_at']);
    expect((await make(child.key)).json.expires_at).toBe(parent.expires_at);
  });

  test('are revoked with it, to the last', async () => {
    const { key } = await server.openAccount();
    const parent = (await make(key)).json;
    const child = (await make(parent.key)).json;
    const grandchild = (await make(child.key)).json;
    const other = (await make(key)).json;
    expect(await status(grandchild.key)).toBe(200);
    expect((await server.call(`DELETE /v1/keys/${child.id}`, { as: key })).status).toBe(200);
    expect([await status(child.key), await status(grandchild.key)]).toEqual([401, 401]);
    expect([await status(parent.key), await status(other.key)]).toEqual([200, 200]);
  });

  test('made while it is revoked are revoked too, or not made', async () => {
    const { id, key } = await server.openAccount();
    const parent = (await make(key)).json;
    const [made] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => make(parent.key))),
      server.call(`DELETE /v1/keys/${parent.id}`, { as: key }),
    ]);
    expect(made.every(({ status: answered }) => [201, 401, 404].includes(answered))).toBe(true);
    const rows = await server.sql`select 1 from api_keys where account_id = ${id} and revoked_at is null`;
    expect(rows).toHaveLength(1);
  });
});

test('an account has at most a hundred keys, and may have more once it deletes one', async () => {
  const { key } = await server.openAccount();
  const made = await Promise.all(Array.from({ length: 105 }, () => make(key)));
  expect(made.filter(({ status: answered }) => answered === 201)).toHaveLength(99);
  const refused = made.find(({ status: answered }) => answered !== 201);
  expect([refused?.status, refused?.json.quota]).toEqual([429, 'keys']);
  const one = made.find(({ status: answered }) => answered === 201)?.json.id as string;
  await server.call(`DELETE /v1/keys/${one}`, { as: key });
  expect((await make(key)).status).toBe(201);
});

test("an operator's key is ended by operators alone", async () => {
  const { id, key } = await server.openAccount();
  const made = await server.call(`POST /v1/admin/accounts/${id}/keys`, {
    as: adminKey,
    body: { scopes: ['admin'] },
  });
  const refused = await server.call(`DELETE /v1/keys/${made.json.id}`, { as: key });
  expect([refused.status, refused.json.error_type]).toEqual([403, 'permission_denied']);
  expect((await server.call('GET /v1/admin/accounts', { as: made.json.key })).status).toBe(200);
  const child = await server.call(`POST /v1/admin/accounts/${id}/keys`, {
    as: made.json.key,
    body: { scopes: ['admin', 'jobs'] },
  });
  const tenants = await server.call(`POST /v1/admin/accounts/${id}/keys`, { as: made.json.key });
  const ended = await server.call(`DELETE /v1/admin/accounts/${id}/keys/${made.json.id}`, { as: adminKey });
  expect(ended.status).toBe(200);
  expect([await status(child.json.key), await status(tenants.json.key)]).toEqual([401, 200]);
});

describe('what was opened with a key', () => {
  test.each(['revoked', 'expired'])('ends when it is %s', async (how) => {
    const { id, key } = await server.openAccount();
    const jobId = await plantJob(server.owner, id, true);
    const opened = (await make(key, how === 'expired' ? { expires_at: inMs(5000) } : {})).json;
    const headers = { authorization: `Bearer ${opened.key}` };
    const streams = await Promise.all([
      openSse(`${url}/v1/jobs/${jobId}/events`, headers),
      openSse(`${url}/v1/events?jobs=${jobId}`, headers),
    ]);
    const made = await server.call(`POST /v1/jobs/${jobId}/stream_token`, { as: opened.key });
    expect(Date.parse(made.json.expires_at)).toBeLessThanOrEqual(
      Date.parse(opened.expires_at ?? inMs(300_000)),
    );
    streams.push(await openSse(url + made.json.url));
    expect(streams.map((stream) => stream.status)).toEqual([200, 200, 200]);
    if (how === 'revoked') await server.sql`update api_keys set revoked_at = now() where id = ${opened.id}`;
    await Promise.all(streams.map((stream) => stream.ended));
    expect((await openSse(url + made.json.url)).status).toBe(401);
  });

  test('waits no longer when it is revoked, and says why', async () => {
    const { key } = await server.openAccount({ usd: '1' });
    const opened = (await make(key)).json;
    // There is no worker: nobody will ever answer.
    const body = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
    const asked = server.call('POST /v1/chat/completions', { as: opened.key, body });
    await waitFor('the call', async () => (await server.sql`select 1 from sync_calls`).length > 0);
    await server.sql`update api_keys set revoked_at = now() where id = ${opened.id}`;
    const answer = await asked;
    expect([answer.status, answer.json.error_type]).toEqual([401, 'authentication_error']);
  });
});
