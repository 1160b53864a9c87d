import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelUnlessReattached } from '../../../src/api/sync/client-disconnect.ts';
import { reattachSyncCall } from '../../../src/shared/jobs/sql/sync-calls.ts';
import { BackgroundTasks } from '../../../src/shared/platform/background-tasks.ts';
import { noteCall } from '../planted-jobs.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

/**
 * A call whose client has left a server that closes, and that waits for its background tasks; the state it
 * then has.
 */
async function leave(comesBack: boolean): Promise<string> {
  const { id: accountId, key } = await server.openAccount({ usd: '1' });
  const messages = [{ role: 'user', content: 'hello' }];
  const { json } = await server.call('POST /v1/jobs', {
    as: key,
    body: { request: { model: 'openai/gpt-5-mini', messages, max_tokens: 5 } },
  });
  const call = { jobId: json.id as string, accountId, fingerprint: 'the same' };
  await noteCall(server.owner, call);
  const backgroundTasks = new BackgroundTasks();
  const deps = { ...server.deps, backgroundTasks, closing: AbortSignal.abort() };
  cancelUnlessReattached(deps, { ...call, createdAt: new Date(), asks: 1, run: null });
  if (comesBack) await reattachSyncCall(server.sql, call);
  await backgroundTasks.drained();
  return (await server.call(`GET /v1/jobs/${call.jobId}`, { as: key })).json.status;
}

test('a server that closes still stops the call of a client that has left, unless it came back', async () => {
  expect(await leave(false)).toBe('cancelled');
  expect(await leave(true)).toBe('queued');
});
