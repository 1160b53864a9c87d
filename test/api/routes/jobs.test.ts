import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let rich: string;
beforeAll(async () => {
  server = await openTestServer();
  rich = (await server.openAccount({ usd: '100' })).key;
});
afterAll(() => server.close());

const submission = { request: { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] } };
const submit = (body: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST /v1/jobs', { as: rich, body: { ...submission, ...body }, headers });

describe('submitting a job', () => {
  test('202: it is stored with its hold, and Location leads to it', async () => {
    const { status, headers, json } = await submit();
    expect(status).toBe(202);
    expect(json).toMatchObject({ object: 'job', status: 'queued', charge_usd: null, result: null });
    const found = await server.call(`GET ${headers['location']}`, { as: rich });
    expect(found).toMatchObject({ status: 200, json: { id: json.id, hold_usd: json.hold_usd } });
  });

  test('402: an account without money', async () => {
    const { key } = await server.openAccount();
    const { status, json } = await server.call('POST /v1/jobs', { as: key, body: submission });
    expect([status, json.error_type]).toEqual([402, 'insufficient_funds']);
    expect(json).toMatchObject({ required: expect.any(String), available: '0.000000000' });
  });

  test('409: another request under an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'the same' };
    expect((await submit({}, headers)).status).toBe(202);
    expect((await submit({}, headers)).headers['idempotent-replayed']).toBe('true');
    expect((await submit({ stream: true }, headers)).status).toBe(409);
  });

  test('422: an unknown model, and a field that does not fit', async () => {
    const request = { ...submission.request, model: 'no/such-model' };
    expect((await submit({ request })).status).toBe(422);
    expect((await submit({ max_attempts: 11 })).json.error.param).toBe('max_attempts');
  });
});

test('an estimate is 200, takes nothing, and is the hold of the job', async () => {
  const { key } = await server.openAccount();
  const { status, json } = await server.call('POST /v1/estimates', { as: key, body: submission });
  expect(status).toBe(200);
  expect(json.hold_usd).toBe((await submit()).json.hold_usd);
});

describe('a job that has not ended', () => {
  test('409: its content is not erased, and it is not submitted again', async () => {
    const { json } = await submit();
    expect((await server.call(`DELETE /v1/jobs/${json.id}`, { as: rich })).status).toBe(409);
    expect((await server.call(`POST /v1/jobs/${json.id}/retry`, { as: rich })).status).toBe(409);
  });

  test('200: cancelled before it ran; then it can be erased, and is cancelled no more', async () => {
    const { json } = await submit();
    const cancelled = await server.call(`POST /v1/jobs/${json.id}/cancel`, { as: rich });
    expect(cancelled).toMatchObject({ status: 200, json: { status: 'cancelled' } });
    expect((await server.call(`POST /v1/jobs/${json.id}/cancel`, { as: rich })).status).toBe(409);
    const erased = await server.call(`DELETE /v1/jobs/${json.id}`, { as: rich });
    expect(erased).toMatchObject({ status: 200, json: { id: json.id, deleted: true } });
    expect((await server.call(`GET /v1/jobs/${json.id}/attempts`, { as: rich })).json.data).toEqual([]);
  });
});

test('many jobs are cancelled with 202; all of them at once are 422', async () => {
  const metadata = { customer: 'c_1' };
  await submit({ metadata });
  await submit({ metadata });
  const { status, json } = await server.call('POST /v1/jobs/cancel', { as: rich, body: { metadata } });
  expect([status, json]).toEqual([202, { object: 'job.cancellation', cancelled: 2, asked: 0 }]);
  expect((await server.call('POST /v1/jobs/cancel', { as: rich, body: {} })).status).toBe(422);
});

test('a stream token is 200, and a job of another account is 404 in every way', async () => {
  const { json } = await submit();
  const token = await server.call(`POST /v1/jobs/${json.id}/stream_token`, { as: rich });
  expect(token).toMatchObject({ status: 200, json: { url: expect.stringContaining(json.id) } });
  const { key: other } = await server.openAccount();
  for (const request of ['GET', 'DELETE']) {
    expect((await server.call(`${request} /v1/jobs/${json.id}`, { as: other })).status).toBe(404);
  }
  for (const action of ['cancel', 'retry', 'stream_token']) {
    expect((await server.call(`POST /v1/jobs/${json.id}/${action}`, { as: other })).status).toBe(404);
  }
  expect((await server.call(`GET /v1/events?jobs=${json.id}`, { as: other })).status).toBe(404);
});
