import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const ask = (path: string, method: string) => server.call(`${method} ${path}`);

test.each([
  ['PUT', '/v1/jobs', 'GET, HEAD, POST'],
  ['DELETE', '/v1/jobs', 'GET, HEAD, POST'],
  ['PATCH', '/v1/jobs/job_1', 'DELETE, GET, HEAD'],
  ['GET', '/v1/jobs/job_1/cancel', 'POST'],
  ['GET', '/v1/chat/completions?a=b', 'POST'],
  ['POST', '/health', 'GET, HEAD'],
])('%s %s is not possible, and the answer names what is', async (method, path, allowed) => {
  const answer = await ask(path, method);
  expect([answer.status, answer.headers['allow']]).toEqual([405, allowed]);
  expect(answer.json).toMatchObject({ code: 405, error_type: 'method_not_allowed' });
});

test("a known path of Anthropic's answers 405 in its shape", async () => {
  const answer = await ask('/v1/messages', 'GET');
  expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
  expect(answer.json).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
});

test.each(['/v1/nothing', '/v1/jobs/job_1/nothing', '/v1/jobsx', '/'.repeat(3)])(
  '%s is no path: 404',
  async (path) => {
    expect((await ask(path, 'POST')).status).toBe(404);
  },
);
