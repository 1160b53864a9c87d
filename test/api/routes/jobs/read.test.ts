import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const body = (more: object = {}) => ({
  request: { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }], max_tokens: 5 },
  ...more,
});

it('GET /v1/jobs/{id} says where a queued job stands among those of its account, and when it may start', async () => {
  const account = await server.openAccount({ usd: '10' });
  const submit = async (more: object = {}) =>
    (await server.call('POST /v1/jobs', { as: account.key, body: body(more) })).json.id;
  const read = async (id: string) => (await server.call(`GET /v1/jobs/${id}`, { as: account.key })).json;
  const [first, second, urgent] = [await submit(), await submit(), await submit({ priority: 'interactive' })];
  expect(await read(first)).toMatchObject({ status: 'queued', queue_position: 1 });
  expect(Date.parse((await read(first)).estimated_start_at)).toBeLessThanOrEqual(Date.now());
  expect(await read(second)).toMatchObject({ queue_position: 2, estimated_start_at: null });
  expect(await read(urgent)).toMatchObject({ queue_position: 1 });
  const { json: list } = await server.call('GET /v1/jobs', { as: account.key });
  const listed = list.data.map((job: { id: string; queue_position: number }) => [job.id, job.queue_position]);
  expect(listed).toEqual([
    [urgent, 1],
    [second, 2],
    [first, 1],
  ]);
  await server.sql`update jobs set state = 'ticketed', ticketed_at = now() where id = ${second}`;
  expect(await read(first)).toMatchObject({ queue_position: 2 });
  expect(await read(second)).toMatchObject({ queue_position: 1 });
  await server.sql`update jobs set state = 'waiting', ticketed_at = null where id = ${second}`;
  for (const _ of [1, 2, 3]) {
    const id = await submit({ priority: 'batch' });
    await server.call(`POST /v1/jobs/${id}/cancel`, { as: account.key });
    expect(await read(id)).toMatchObject({ queue_position: null, estimated_start_at: null });
  }
  expect(Date.parse((await read(second)).estimated_start_at)).toBeGreaterThan(Date.now() - 1000);
  await server.sql`update accounts set paused = true where id = ${account.id}`;
  expect(await read(second)).toMatchObject({ queue_position: 2, estimated_start_at: null });
});
