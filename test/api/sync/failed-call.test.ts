import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failedCall } from '../../../src/api/sync/failed-call.ts';
import { statusOf } from '../../../src/shared/errors.ts';
import { insertEndedJob, noteCall } from '../planted-jobs.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const messages = [{ role: 'user', content: 'hello' }];
const model = 'openai/gpt-5-mini';
const calls = [
  ['/v1/chat/completions', { model, messages }],
  ['/v1/chat/completions', { model, messages, stream: true }],
  ['/v1/responses', { model, input: 'hello' }],
  ['/v1/responses', { model, input: 'hello', stream: true }],
  ['/v1/messages', { model, messages, max_tokens: 5 }],
] as const;

/** A job of this account that succeeded, and whose texts were erased since, as the answer of this call. */
async function plantErased(accountId: string, path: string, body: object): Promise<void> {
  const ended = { accountId, model, provider: 'openai', day: '2026-01-01', charge: 1n, team: null };
  const jobId = await insertEndedJob(server.owner, ended);
  await server.owner`update jobs set content_erased_at = now() where id = ${jobId}`;
  const bodySha256 = hash('sha256', JSON.stringify(body));
  const fingerprint = hash('sha256', `POST ${path}\n${bodySha256}`);
  await noteCall(server.owner, { jobId, accountId, fingerprint });
}

test.each(calls)('a call that is repeated after its answer was erased: %s %o', async (path, body) => {
  const { id, key } = await server.openAccount({ usd: '1' });
  await plantErased(id, path, body);
  const headers = { 'x-stainless-retry-count': '1' };
  const answer = await server.call(`POST ${path}`, { as: key, body, headers });
  expect([answer.status, answer.headers['x-should-retry']], answer.text).toEqual([409, 'false']);
  expect(answer.text).toContain('was erased');
});

test('a call whose job has not ended in time', () => {
  expect(statusOf(failedCall({ error: null, state: 'running' }))).toBe(504);
});
