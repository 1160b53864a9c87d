import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  anthropicProblemBody,
  anthropicTypeOf,
  problemBody,
  problemHeaders,
  toRefusal,
} from '../../../src/api/http/problem.ts';
import { Refusal, type RefusalType, refusals } from '../../../src/shared/errors.ts';
import { adminKey, openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const asked = (url: string) => ({ id: 'req_1', url, headers: {} });

test('the body has the flat fields and the error object', () => {
  const refusal = new Refusal('insufficient_funds', 'Insufficient funds', {
    fields: { required: '0.004200000', available: '0.001000000' },
  });
  expect(problemBody(refusal, asked('/v1/jobs'))).toEqual({
    detail: 'Insufficient funds',
    code: 402,
    error_type: 'insufficient_funds',
    required: '0.004200000',
    available: '0.001000000',
    request_id: 'req_1',
    error: {
      message: 'Insufficient funds',
      type: 'insufficient_funds',
      code: 'insufficient_funds',
      param: null,
    },
  });
});

test.each([
  ['insufficient_funds', 'false'],
  ['idempotency_conflict', 'false'],
  ['invalid_state', 'false'],
  ['validation_error', 'false'],
  ['rate_limited', 'true'],
  ['unavailable', 'true'],
  ['provider_failed', 'false'],
  ['expired', 'false'],
  ['not_found', undefined],
  ['internal_error', undefined],
] as [RefusalType, string | undefined][])('%s says whether to retry: %s', (type, retry) => {
  expect(problemHeaders(new Refusal(type, 'x'))['x-should-retry']).toBe(retry);
});

test('Retry-After is whole seconds, at most 60, beside the milliseconds', () => {
  const headers = (retryAfterMs: number) =>
    problemHeaders(new Refusal('rate_limited', 'x', { retryAfterMs }));
  expect(headers(1200)).toMatchObject({ 'retry-after': '2', 'retry-after-ms': '1200' });
  expect(headers(3_600_000)).toMatchObject({ 'retry-after': '60', 'retry-after-ms': '60000' });
  expect(problemHeaders(new Refusal('unavailable', 'x'))['retry-after']).toBe('1');
});

test('Anthropic types follow the status', () => {
  const types = Object.fromEntries(
    Object.values(refusals).map(({ status }) => [status, anthropicTypeOf(status)]),
  );
  expect(types).toEqual({
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    405: 'invalid_request_error',
    409: 'invalid_request_error',
    413: 'request_too_large',
    415: 'invalid_request_error',
    422: 'invalid_request_error',
    429: 'rate_limit_error',
    500: 'api_error',
    502: 'api_error',
    503: 'overloaded_error',
    504: 'timeout_error',
  });
  expect(anthropicProblemBody(new Refusal('not_found', 'No such thing'), asked('/v1/messages'))).toEqual({
    type: 'error',
    error: { type: 'not_found_error', message: 'No such thing' },
    request_id: 'req_1',
  });
});

test('a bug says nothing of itself; an outage is a 503', () => {
  const bug = toRefusal(new Error('password=hunter2'));
  expect([bug.type, bug.message]).toEqual(['internal_error', 'Something went wrong on our side']);
  expect(toRefusal(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })).type).toBe('unavailable');
  expect(toRefusal(Object.assign(new Error('x'), { code: '57P01' })).type).toBe('unavailable');
  expect(toRefusal(Object.assign(new Error('x'), { code: '40P01' })).type).toBe('unavailable');
});

test('unknown routes and broken paths are the same 404', async () => {
  for (const request of ['GET /nothing', 'DELETE /v1/balances', 'POST /v1/modelsx', 'GET /%zz']) {
    const answer = await server.call(request);
    expect([request, answer.status, answer.json.error_type]).toEqual([request, 404, 'not_found']);
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
    expect(answer.json.request_id).toBe(answer.headers['x-request-id']);
  }
});

test('a body sent nowhere is not validated', async () => {
  expect((await server.call('POST /nothing', { body: '{"broken' })).status).toBe(404);
});

test('paths of Anthropic answer in its shape', async () => {
  const answer = await server.call('POST /v1/messages/nothing', { body: {} });
  expect(answer.status).toBe(404);
  expect(answer.json).toEqual({
    type: 'error',
    error: {
      type: 'not_found_error',
      message: 'There is no POST /v1/messages/nothing; the API is at /v1, see /docs',
    },
    request_id: answer.headers['request-id'],
  });
});

test('the request id is always ours', async () => {
  const answer = await server.call('GET /health/live', { headers: { 'x-request-id': 'req_mine' } });
  expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
});

test('characters nothing can hold are refused in paths and queries', async () => {
  const path = await server.call('GET /v1/admin/accounts/a%00b', { as: adminKey });
  expect(path.status).toBe(404);
  const query = await server.call('GET /v1/admin/accounts?after=%00', { as: adminKey });
  expect([query.status, query.json.error.param]).toEqual([422, 'after']);
});

test('Postgres unavailable is a 503 that says when to come back', async () => {
  const unavailable = await openTestServer();
  const { key } = await unavailable.openAccount();
  await unavailable.call('GET /v1/balance', { as: key });
  await unavailable.sql.end();
  const answer = await unavailable.call('GET /v1/balance', { as: key });
  expect([answer.status, answer.json.error_type]).toEqual([503, 'unavailable']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.headers['x-should-retry']).toBe('true');
  expect((await unavailable.call('GET /health')).status).toBe(503);
  expect((await unavailable.call('GET /health/ready')).status).toBe(503);
  expect((await unavailable.call('GET /health/live')).status).toBe(200);
  await unavailable.close();
});
