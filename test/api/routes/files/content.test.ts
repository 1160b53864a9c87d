import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendToFile, beginFile, deleteFile, finishFile } from '../../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

test('a file that is deleted while it is downloaded breaks the connection', async () => {
  const { id: accountId, key } = await server.openAccount();
  const id = newId('file');
  await beginFile(server.sql, { id, accountId, purpose: 'batch', filename: 'lines.jsonl' });
  for (let chunk = 0; chunk < 24; chunk += 1)
    await appendToFile(server.sql, id, Buffer.alloc(1024 * 1024, 'x'));
  await finishFile(server.sql, { id, expiresInSeconds: 3600 });
  const url = await server.app.listen({ port: 0, host: '127.0.0.1' });
  const { body } = await fetch(`${url}/v1/files/${id}/content`, {
    headers: { authorization: `Bearer ${key}` },
  });
  let isDeleted = false;
  const reading = (async () => {
    for await (const _ of body as unknown as AsyncIterable<Uint8Array>) {
      if (!isDeleted) await deleteFile(server.sql, accountId, id);
      isDeleted = true;
    }
  })();
  await expect(reading).rejects.toThrow('terminated');
});
