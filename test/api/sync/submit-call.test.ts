import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const notes = (accountId: string) =>
  server.owner`select job_id from sync_calls where account_id = ${accountId}`;

test('a call that is asked for again under its Idempotency-Key is counted, so that nobody stops it', async () => {
  const { id, key } = await server.openAccount({ usd: '1' });
  const body = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] };
  const call = { as: key, body, headers: { 'idempotency-key': 'once' } };
  const asks = () => server.owner`select asks from sync_calls where account_id = ${id}`;
  const waits: Promise<unknown>[] = [];
  for (const asked of [1, 2]) {
    waits.push(server.call('POST /v1/chat/completions', call));
    await waitFor('the call to be noted', async () => {
      const [row] = await asks();
      return row?.['asks'] === asked;
    });
  }
  const [{ job_id: jobId } = { job_id: '' }] = await notes(id);
  await server.call(`POST /v1/jobs/${jobId}/cancel`, { as: key });
  await Promise.all(waits);
});

test.each([
  ['one that cannot be priced', 'openai/none', 0],
  ['one there is no money for', 'openai/gpt-5-mini', 402],
])('a call that is refused leaves nothing: %s', async (_why, model, expected) => {
  const { id, key } = await server.openAccount();
  const body = { model, messages: [{ role: 'user', content: 'hi' }] };
  const { status } = await server.call('POST /v1/chat/completions', { as: key, body });
  expect(status).toBeGreaterThanOrEqual(400);
  if (expected !== 0) expect(status).toBe(expected);
  expect(await notes(id)).toEqual([]);
});
