import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginFile, finishFile } from '../../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

/** A batch of which every line failed, submitted again. */
async function submitTwice(more: object) {
  const { id: accountId, key } = await server.openAccount();
  const fileId = newId('file');
  await beginFile(server.sql, { id: fileId, accountId, purpose: 'batch', filename: 'lines.jsonl' });
  await finishFile(server.sql, { id: fileId, expiresInSeconds: 3600 });
  const body = { input_file_id: fileId, endpoint: '/v1/responses', completion_window: '24h', ...more };
  const { json: first } = await server.call('POST /v1/batches', { as: key, body });
  await server.sql`
    update batches set state = 'failed', finished_at = now(), total = 2, failed = 2 where id = ${first.id}`;
  const { status, json: again } = await server.call(`POST /v1/batches/${first.id}/retry`, { as: key });
  expect(status).toBe(200);
  return { first, again };
}

test('a batch that is submitted again keeps its files as long as the first', async () => {
  const { again } = await submitTwice({ output_expires_after: { anchor: 'created_at', seconds: 7200 } });
  const [row] = await server.sql<{ seconds: number | null }[]>`
    select output_expires_seconds as seconds from batches where id = ${again.id}`;
  expect(row?.seconds).toBe(7200);
});

test('it says what it repeats, where its metadata has room for that', async () => {
  const full = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`key ${n}`, 'value']));
  expect((await submitTwice({ metadata: full })).again.metadata).toEqual(full);
  const { first, again } = await submitTwice({ metadata: null });
  expect(again.metadata).toEqual({ retry_of: first.id });
});
