import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginFile, type FilePurpose, finishFile } from '../../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

async function keepFile(accountId: string, purpose: FilePurpose): Promise<string> {
  const id = newId('file');
  await beginFile(server.sql, { id, accountId, purpose, filename: 'lines.jsonl' });
  await finishFile(server.sql, { id, expiresInSeconds: 3600 });
  return id;
}

const submissions = [
  ['POST /v1/batches', { completion_window: '24h' }],
  ['POST /v1/batches/estimate', {}],
] as const;

test.each(submissions)('%s of a file that was made for something else says so', async (route, more) => {
  const { id, key } = await server.openAccount();
  const input_file_id = await keepFile(id, 'batch_output');
  const body = { input_file_id, endpoint: '/v1/responses', ...more };
  const { status, json } = await server.call(route, { as: key, body });
  expect(status).toBe(400);
  expect(json).toMatchObject({ error: { param: 'input_file_id' } });
});

test.each(submissions)("%s of another account's file is 404", async (route, more) => {
  const other = await server.openAccount();
  const { key } = await server.openAccount();
  const input_file_id = await keepFile(other.id, 'batch');
  const body = { input_file_id, endpoint: '/v1/responses', ...more };
  expect(await server.call(route, { as: key, body })).toMatchObject({ status: 404 });
});

test.each(submissions)('%s drops what other gateways are told of its way', async (route, more) => {
  const { id, key } = await server.openAccount();
  const input_file_id = await keepFile(id, 'batch');
  const hints = { custom_llm_provider: 'openai', litellm_metadata: { a: 1 }, target_model_names: ['a', 'b'] };
  const body = { input_file_id, endpoint: '/v1/responses', ...more, ...hints };
  expect(await server.call(route, { as: key, body })).toMatchObject({ status: 200 });
});
