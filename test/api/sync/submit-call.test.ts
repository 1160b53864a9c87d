import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const notes = (accountId: string) =>
  server.owner`select job_id from sync_calls where account_id = ${accountId}`;

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
