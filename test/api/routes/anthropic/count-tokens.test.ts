import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

test('POST /v1/messages/count_tokens names a wrong field as its client wrote it', async () => {
  const { key } = await server.openAccount();
  const count = (body: object) =>
    server.call('POST /v1/messages/count_tokens', {
      as: key,
      body: { messages: [{ role: 'user', content: 'hi' }], ...body },
    });
  const unknown = await count({ model: 'no-such-model' });
  expect(unknown.json.error.message).toMatch(/^model: unknown model "no-such-model"/);
  const format = { type: 'json_schema', schema: {} };
  const unfit = await count({ model: 'openai/gpt-5.4-pro', output_config: { format } });
  expect(unfit.json.error.message).toMatch(/^output_config\.format: /);
});
