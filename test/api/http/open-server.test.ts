import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount()).key;
});
afterAll(() => server.close());

test.each([
  'GET /models',
  'GET /models/openai/gpt-5-mini',
  'GET /models?limit=1',
  'HEAD /models',
  'GET /files',
  'GET /files/file_1',
  'GET /batches?limit=1',
  'GET /responses/resp_1',
  'POST /chat/completions',
  'POST /responses',
  'POST /messages',
  'POST /messages/count_tokens',
  'GET /messages/batches',
  'POST /embeddings',
  'PUT /chat/completions',
  'GET /messages',
])('%s is the same as under /v1', async (request) => {
  const options = { as: key, ...(request.startsWith('POST') ? { body: {} } : {}) };
  const bare = await server.call(request, options);
  const whole = await server.call(request.replace(' /', ' /v1/'), options);
  const withoutIds = ({ status, headers, text }: typeof bare) => [
    status,
    headers['allow'],
    text.replaceAll(/req_\w+/g, ''),
  ];
  expect(withoutIds(bare)).toEqual(withoutIds(whole));
});

test.each(['GET /jobs', 'GET /balance', 'GET /modelsx', 'GET /admin/accounts'])(
  '%s is no path: only those of the vendors are served without /v1',
  async (request) => {
    expect((await server.call(request, { as: key })).status).toBe(404);
  },
);

test('the document has each path once', async () => {
  const { json } = await server.call('GET /openapi.json');
  const bare = Object.keys(json.paths).filter((path) => /^\/(?:chat|responses|models|files)/.test(path));
  expect(bare).toEqual([]);
});
