import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const body = { request: { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] } };

async function submitJobs(key: string, many: number): Promise<string[]> {
  const submission = async () => (await server.call('POST /v1/jobs', { as: key, body })).json.id as string;
  return await Promise.all(Array.from({ length: many }, submission));
}

test.each([
  ['without an idempotency key', () => ({})],
  ['each under its own key', (id: string) => ({ 'idempotency-key': id })],
])('more jobs than the pool has connections are cancelled at once, %s', async (_how, headersOf) => {
  const { key } = await server.openAccount({ usd: '100' });
  const ids = await submitJobs(key, 30);
  const answers = await Promise.all(
    ids.map((id) => server.call(`POST /v1/jobs/${id}/cancel`, { as: key, headers: headersOf(id) })),
  );
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
  expect((await server.call('GET /v1/balance', { as: key })).json).toMatchObject({ held_usd: '0.000000000' });
});

test('as many requests to cancel many jobs do not wait for each other either', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  await submitJobs(key, 5);
  const cancel = (metadata: object) => server.call('POST /v1/jobs/cancel', { as: key, body: { metadata } });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => cancel({ group: `${n}` })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
});

const long = 'a long text '.repeat(2000);
const textsOf = async (jobId: string) => {
  const [row] = await server.owner<{ request: string; original: string | null }[]>`
    select request, original from job_requests where job_id = ${jobId}`;
  return `${row?.request ?? ''}${row?.original ?? ''}`;
};

test('what a job that never ran was asked is erased with it, and it cannot be submitted again', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  const asked = { request: { model: 'gpt-5-mini', messages: [{ role: 'user', content: long }] } };
  const { json } = await server.call('POST /v1/jobs', { as: key, body: asked });
  expect((await server.call(`POST /v1/jobs/${json.id}/cancel`, { as: key })).status).toBe(200);
  expect(await textsOf(json.id)).toBe('');
  const read = await server.call(`GET /v1/jobs/${json.id}`, { as: key });
  expect([read.status, read.json.status, read.json.request]).toEqual([200, 'cancelled', undefined]);
  const again = await server.call(`POST /v1/jobs/${json.id}/retry`, { as: key });
  expect([again.status, again.json.error_type]).toEqual([409, 'invalid_state']);
});

test('one that was asked little can be submitted again', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  const [id] = await submitJobs(key, 1);
  await server.call(`POST /v1/jobs/${id}/cancel`, { as: key });
  expect((await server.call(`POST /v1/jobs/${id}/retry`, { as: key })).status).toBe(202);
});

test('a response that never ran is still shown, without what was said in it', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  const asked = { model: 'gpt-5-mini', input: long, background: true, metadata: { team: 'red' } };
  const { json } = await server.call('POST /v1/responses', { as: key, body: asked });
  const cancelled = await server.call(`POST /v1/responses/${json.id}/cancel`, { as: key });
  expect([cancelled.status, cancelled.json.status]).toEqual([200, 'cancelled']);
  const read = await server.call(`GET /v1/responses/${json.id}`, { as: key });
  expect([read.status, read.json.status, read.json.metadata]).toEqual([200, 'cancelled', { team: 'red' }]);
  expect(await textsOf(json.id.replace('resp_', 'job_'))).not.toContain('long text');
});

test('all that fit are cancelled at once, and nothing else', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  await submitJobs(key, 2);
  const tagged = { ...body, metadata: { group: 'a' } };
  await Promise.all(
    Array.from({ length: 20 }, () => server.call('POST /v1/jobs', { as: key, body: tagged })),
  );
  const answer = await server.call('POST /v1/jobs/cancel', { as: key, body: { metadata: { group: 'a' } } });
  expect([answer.status, answer.json.cancelled, answer.json.asked]).toEqual([202, 20, 0]);
  const left = await server.call('GET /v1/jobs?status=queued', { as: key });
  expect(left.json.data).toHaveLength(2);
});
