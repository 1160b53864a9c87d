import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const body = { request: { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] } };

async function orderJobs(key: string, many: number): Promise<string[]> {
  const order = async () => (await server.call('POST /v1/jobs', { as: key, body })).json.id as string;
  return await Promise.all(Array.from({ length: many }, order));
}

test.each([
  ['without an idempotency key', () => ({})],
  ['each under its own key', (id: string) => ({ 'idempotency-key': id })],
])('more jobs than the pool has connections are cancelled at once, %s', async (_how, headersOf) => {
  const { key } = await server.openAccount({ usd: '100' });
  const ids = await orderJobs(key, 30);
  const answers = await Promise.all(
    ids.map((id) => server.call(`POST /v1/jobs/${id}/cancel`, { as: key, headers: headersOf(id) })),
  );
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
  expect((await server.call('GET /v1/balance', { as: key })).json).toMatchObject({ held_usd: '0.000000000' });
});

test('as many requests to cancel many jobs do not wait for each other either', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  await orderJobs(key, 5);
  const cancel = (metadata: object) => server.call('POST /v1/jobs/cancel', { as: key, body: { metadata } });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => cancel({ group: `${n}` })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
});
