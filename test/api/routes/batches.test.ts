import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendToFile, beginFile, finishFile } from '../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../src/shared/ids.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let account: { id: string; key: string };
let body: { input_file_id: string; endpoint: string; completion_window: string };
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount({ usd: '10' });
  const id = newId('file');
  await beginFile(server.sql, { id, accountId: account.id, purpose: 'batch', filename: 'lines.jsonl' });
  const call = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] };
  const line = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: call };
  await appendToFile(server.sql, id, Buffer.from(`${JSON.stringify(line)}\n`));
  await finishFile(server.sql, { id, expiresInSeconds: 3600 });
  body = { input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' };
});
afterAll(() => server.close());

const create = (change: object = {}) =>
  server.call('POST /v1/batches', { as: account.key, body: { ...body, ...change } });

test('200: a batch is begun, listed and read, and Location leads to it', async () => {
  const { status, headers, json } = await create({ metadata: { team: 'blue' } });
  expect(status).toBe(200);
  expect(json).toMatchObject({ object: 'batch', status: 'validating', metadata: { team: 'blue' } });
  expect(headers['location']).toBe(`/v1/batches/${json.id}`);
  expect((await server.call(`GET /v1/batches/${json.id}`, { as: account.key })).json).toEqual(json);
  expect((await server.call('GET /v1/batches', { as: account.key })).json.data).toContainEqual(json);
});

test('200: an estimate counts the lines and takes nothing', async () => {
  const { completion_window: _, ...asked } = body;
  const { status, json } = await server.call('POST /v1/batches/estimate', { as: account.key, body: asked });
  expect(status).toBe(200);
  expect(json).toMatchObject({ object: 'batch.estimate', request_counts: { total: 1, accepted: 1 } });
});

test('200: cancelling twice changes nothing', async () => {
  const { json } = await create();
  const cancel = () => server.call(`POST /v1/batches/${json.id}/cancel`, { as: account.key });
  expect((await cancel()).json.status).toMatch(/^cancell/);
  expect((await cancel()).status).toBe(200);
});

test('409: a batch that has not ended is not repeated', async () => {
  const { json } = await create();
  const { status } = await server.call(`POST /v1/batches/${json.id}/retry`, { as: account.key });
  expect(status).toBe(409);
});

test('400: an endpoint, a window or metadata that do not fit', async () => {
  expect((await create({ endpoint: '/v1/embeddings' })).json.error.param).toBe('endpoint');
  expect((await create({ completion_window: '1h' })).json.error.param).toBe('completion_window');
  expect((await create({ metadata: { webhook_url: 'nowhere' } })).json.error.param).toBe(
    'metadata.webhook_url',
  );
});

test('404: a batch of another account, in every way', async () => {
  const { json } = await create();
  const { key: other } = await server.openAccount();
  expect((await server.call(`GET /v1/batches/${json.id}`, { as: other })).status).toBe(404);
  for (const action of ['cancel', 'retry']) {
    expect((await server.call(`POST /v1/batches/${json.id}/${action}`, { as: other })).status).toBe(404);
  }
});
