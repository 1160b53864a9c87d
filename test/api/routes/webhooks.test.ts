import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount()).key;
});
afterAll(() => server.close());

const endpoint = { name: 'Ended jobs', url: 'https://example.com/hook', event_types: ['job.succeeded'] };
const create = (change: object = {}) =>
  server.call('POST /v1/webhook_endpoints', { as: key, body: { ...endpoint, ...change } });

describe("the account's secret", () => {
  test('200: read and replaced', async () => {
    const { json: first } = await server.call('GET /v1/webhook_secret', { as: key });
    const rotated = await server.call('POST /v1/webhook_secret/rotate', { as: key });
    expect(rotated.status).toBe(200);
    expect(rotated.json.secret).not.toBe(first.secret);
    expect((await server.call('GET /v1/webhook_secret', { as: key })).json).toEqual(rotated.json);
  });
});

describe('an endpoint', () => {
  test('200: made with its secret, then shown without it, changed and deleted', async () => {
    const { status, json } = await create();
    expect(status).toBe(200);
    const { signing_secret, ...shown } = json;
    expect(signing_secret).toMatch(/^whsec_/);
    const path = `/v1/webhook_endpoints/${json.id}`;
    expect((await server.call(`GET ${path}`, { as: key })).json).toEqual(shown);
    expect((await server.call('GET /v1/webhook_endpoints', { as: key })).json.data).toContainEqual(shown);
    const changed = await server.call(`POST ${path}`, { as: key, body: { status: 'disabled' } });
    expect(changed.json.status).toBe('disabled');
    const rotated = await server.call(`POST ${path}/rotate_secret`, { as: key });
    expect(rotated.json.signing_secret).not.toBe(signing_secret);
    expect((await server.call(`DELETE ${path}`, { as: key })).json.deleted).toBe(true);
    expect((await server.call(`GET ${path}`, { as: key })).status).toBe(404);
  });

  test('202: a recovery is begun; 409 while it is disabled', async () => {
    const { json } = await create();
    const path = `/v1/webhook_endpoints/${json.id}`;
    const body = { since: '2026-01-01T00:00:00Z' };
    expect((await server.call(`POST ${path}/recover`, { as: key, body })).status).toBe(202);
    await server.call(`POST ${path}`, { as: key, body: { status: 'disabled' } });
    expect((await server.call(`POST ${path}/recover`, { as: key, body })).status).toBe(409);
  });

  test('422: a URL that no webhook may be sent to, and an event that there is not', async () => {
    expect((await create({ url: 'http://127.0.0.1/hook' })).json.error.param).toBe('url');
    expect((await create({ event_types: ['job.forgotten'] })).status).toBe(422);
    const { json } = await create();
    const body = { event_type: 'job.forgotten' };
    const tried = await server.call(`POST /v1/webhook_endpoints/${json.id}/test`, { as: key, body });
    expect(tried.status).toBe(422);
  });

  test('404: of another account, in every way', async () => {
    const { json } = await create();
    const { key: other } = await server.openAccount();
    const path = `/v1/webhook_endpoints/${json.id}`;
    const posts: [string, object | undefined][] = [
      ['', { status: 'enabled' }],
      ['/rotate_secret', undefined],
      ['/test', { event_type: 'job.succeeded' }],
      ['/recover', { since: '2026-01-01T00:00:00Z' }],
    ];
    for (const [action, body] of posts) {
      expect((await server.call(`POST ${path}${action}`, { as: other, body })).status, action).toBe(404);
    }
    expect((await server.call(`DELETE ${path}`, { as: other })).status).toBe(404);
  });
});

test('200: the events there are, and no deliveries yet', async () => {
  const { json } = await server.call('GET /v1/webhook_event_types', { as: key });
  expect(json).toEqual({ object: 'list', data: expect.arrayContaining(['job.succeeded']) });
  const { status, json: list } = await server.call('GET /v1/deliveries?status=pending', { as: key });
  expect([status, list.data]).toEqual([200, []]);
  expect((await server.call('GET /v1/deliveries?status=lost', { as: key })).status).toBe(422);
  expect((await server.call('POST /v1/deliveries/nothing/replay', { as: key })).status).toBe(404);
});
