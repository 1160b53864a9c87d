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

test.each([
  ['POST', '/v1/completions', 'use POST /v1/chat/completions'],
  ['POST', '/v1/embeddings', 'The embeddings API is not served here'],
  ['POST', '/v1/responses/compact', 'Compaction of a response is not served here'],
  ['GET', '/v1/images/generations?a=b', 'Image generation is not served here'],
  ['POST', '/v1/v1/responses', 'this path is /v1/responses'],
])('%s %s is 404 in the shape of OpenAI, and the answer names what to use', async (method, path, words) => {
  const { status, json } = await ask(path, method);
  expect([status, json.error]).toEqual([
    404,
    {
      message: expect.stringContaining(words),
      type: 'invalid_request_error',
      code: 'not_found',
      param: null,
    },
  ]);
});

test.each([
  ['/v1/complete', {}],
  ['/v1/v1/messages', {}],
  ['/v1/skills?beta=true', {}],
  ['/v1/agents', { 'anthropic-version': '2023-06-01' }],
])('%s is 404 in the shape of Anthropic', async (path, headers) => {
  const { status, json } = await server.call(`POST ${path}`, { headers: headers as Record<string, string> });
  expect(status).toBe(404);
  expect(json).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
});

test.each([
  ['POST', '/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse'],
  ['POST', '/v1/models/gemini-3-pro:generateContent'],
  ['GET', '/v1beta/models'],
])('%s %s is 404 in the shape of Google', async (method, path) => {
  const { status, json } = await ask(path, method);
  const message = expect.stringMatching(/^Gemini's own API is not served here; use POST/);
  expect([status, json]).toEqual([404, { error: { code: 404, message, status: 'NOT_FOUND' } }]);
});

test('what nobody serves is named with its method, and where the API is', async () => {
  const { status, json } = await ask('/v1/nothing?token=secret', 'POST');
  const detail = 'There is no POST /v1/nothing; the API is at /v1, see /docs';
  expect([status, json.detail, json.error_type]).toEqual([404, detail, 'not_found']);
});

test.each(['/v1/nothing', '/v1/jobs/job_1/nothing', '/v1/jobsx', '/'.repeat(3)])(
  '%s is no path: 404',
  async (path) => {
    expect((await ask(path, 'POST')).status).toBe(404);
  },
);
