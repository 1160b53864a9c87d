import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount({ usd: '100' })).key;
});
afterAll(() => server.close());

const params = { model: 'gpt-5-mini', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] };
const create = (requests: object[] = [{ custom_id: 'a', params }]) =>
  server.call('POST /v1/messages/batches', { as: key, body: { requests } });

test('200: a batch is begun, listed, read and cancelled', async () => {
  const { status, json } = await create();
  expect(status).toBe(200);
  expect(json).toMatchObject({ type: 'message_batch', request_counts: { processing: 1 }, results_url: null });
  const path = `/v1/messages/batches/${json.id}`;
  expect((await server.call(`GET ${path}`, { as: key })).json).toEqual(json);
  for (const query of ['', '?beta=true']) {
    const listed = await server.call(`GET /v1/messages/batches${query}`, { as: key });
    expect(listed.json.data).toContainEqual(json);
  }
  expect((await server.call(`POST ${path}/cancel`, { as: key })).json.cancel_initiated_at).not.toBeNull();
});

test('409: one that has not ended has no results and is not deleted', async () => {
  const { json } = await create();
  const path = `/v1/messages/batches/${json.id}`;
  expect((await server.call(`GET ${path}/results`, { as: key })).status).toBe(409);
  expect((await server.call(`DELETE ${path}`, { as: key })).status).toBe(409);
});

test('400: no request, and an id that is used twice', async () => {
  expect((await create([])).status).toBe(400);
  const request = { custom_id: 'a', params };
  expect((await create([request, request])).json.error.type).toBe('invalid_request_error');
  expect((await server.call('GET /v1/messages/batches?limit=0', { as: key })).status).toBe(400);
});

test('404: one of another account, in every way', async () => {
  const { json } = await create();
  const { key: other } = await server.openAccount();
  const path = `/v1/messages/batches/${json.id}`;
  for (const request of [`GET ${path}`, `GET ${path}/results`, `DELETE ${path}`, `POST ${path}/cancel`]) {
    expect((await server.call(request, { as: other })).status, request).toBe(404);
  }
});
