import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../../src/shared/ids.ts';
import { adminKey, openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
let account: TestAccount;

beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount();
});
afterAll(() => server.close());

const ask = (path: string) =>
  server.call(`GET ${path}`, { as: path.startsWith('/v1/admin') ? adminKey : account.key });

test.each([
  ['/v1/jobs', 'after'],
  ['/v1/files', 'after'],
  ['/v1/batches', 'after'],
  ['/v1/messages/batches', 'after_id'],
  ['/v1/messages/batches', 'before_id'],
  ['/v1/deliveries', 'after'],
  ['/v1/webhook_endpoints', 'after'],
  ['/v1/transactions', 'after'],
  ['/v1/keys', 'after'],
  ['/v1/admin/jobs', 'after'],
  ['/v1/admin/accounts', 'after'],
])('%s does not go on from an id that is none of its own', async (path, param) => {
  for (const id of ['nonsense', newId('evt')]) {
    const { status, json } = await ask(`${path}?${param}=${id}`);
    expect([status, json.error.param ?? json.error.message]).toEqual([
      /files|\/batches/.test(path) ? 400 : 422,
      param.endsWith('_id') ? expect.stringMatching(`^${param}: `) : param,
    ]);
  }
});

test.each<[string, Parameters<typeof newId>[0]]>([
  ['/v1/jobs', 'job'],
  ['/v1/files', 'file'],
  ['/v1/batches', 'batch'],
])('%s goes on from what is no longer there', async (path, kind) => {
  expect((await ask(`${path}?after=${newId(kind)}`)).status).toBe(200);
});
