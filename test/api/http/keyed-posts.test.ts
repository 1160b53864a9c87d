import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginFile, finishFile } from '../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../src/shared/ids.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

/** POSTs that make nothing, each with what it needs. */
const posts: Record<string, (account: { id: string; key: string }) => Promise<[path: string, body: object]>> =
  {
    count_tokens: async () => [
      '/v1/messages/count_tokens',
      { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] },
    ],
    'the estimate of a batch': async ({ id: accountId }) => {
      const id = newId('file');
      await beginFile(server.sql, { id, accountId, purpose: 'batch', filename: 'lines.jsonl' });
      await finishFile(server.sql, { id, expiresInSeconds: 3600 });
      return ['/v1/batches/estimate', { input_file_id: id, endpoint: '/v1/responses' }];
    },
    'the test of a webhook endpoint': async ({ key }) => {
      const body = { name: 'a', url: 'https://hook.invalid/', event_types: ['job.failed'] };
      const { json } = await server.call('POST /v1/webhook_endpoints', { as: key, body });
      return [`/v1/webhook_endpoints/${json.id}/test`, { event_type: 'job.failed' }];
    },
  };

test.each(Object.keys(posts))(
  '%s under an Idempotency-Key is answered with the same bytes again',
  async (name) => {
    const account = await server.openAccount();
    const [path, body] = (await posts[name]?.(account)) ?? ['', {}];
    const headers = { 'idempotency-key': 'once' };
    const first = await server.call(`POST ${path}`, { as: account.key, body, headers });
    const again = await server.call(`POST ${path}`, { as: account.key, body, headers });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.json).toEqual(first.json);
  },
);
