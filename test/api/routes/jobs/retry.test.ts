import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const submission = { request: { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] } };
const daySeconds = 86_400;

/** Submits a job, ends it before anybody ran it, and submits it again. */
async function submitTwice(body: object) {
  const { key } = await server.openAccount({ usd: '100' });
  const { json: first } = await server.call('POST /v1/jobs', { as: key, body: { ...submission, ...body } });
  await server.call(`POST /v1/jobs/${first.id}/cancel`, { as: key });
  const { status, json: again } = await server.call(`POST /v1/jobs/${first.id}/retry`, { as: key });
  expect(status).toBe(202);
  return { first, again };
}

test('a job that was to run a week later has as long to run when it is submitted again', async () => {
  const runAt = new Date(Date.now() + 7 * daySeconds * 1000).toISOString();
  const { again } = await submitTwice({ run_at: runAt, expires_in_seconds: daySeconds });
  const [row] = await server.sql<{ seconds: number }[]>`
    select extract(epoch from deadline_at - run_at)::double precision as seconds from jobs
      where id = ${again.id}`;
  expect(row?.seconds).toBe(daySeconds);
});

test('what is submitted again says what it repeats, where its metadata has room for that', async () => {
  const pairs = (many: number) =>
    Object.fromEntries(Array.from({ length: many }, (_, n) => [`key ${n}`, 'value']));
  const { first, again } = await submitTwice({ metadata: pairs(15) });
  expect(again.metadata).toEqual({ ...pairs(15), retry_of: first.id });
  expect((await submitTwice({ metadata: pairs(16) })).again.metadata).toEqual(pairs(16));
});
