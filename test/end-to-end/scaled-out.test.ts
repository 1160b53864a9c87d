import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, type Gateway, jobBody, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let client: Client;
let urls: string[];

beforeAll(async () => {
  gateway = await startGateway({ roles: ['api', 'api', 'workers', 'workers', 'workers', 'workers'] });
  client = await gateway.openAccount('scaled-out', '100');
  urls = gateway.processes().flatMap(({ url }) => (url.startsWith('http') ? [url] : []));
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const headers = () => ({ authorization: `Bearer ${client.key}`, 'content-type': 'application/json' });

async function submit(index: number): Promise<string> {
  const answer = await fetch(`${urls[index % 2]}/v1/jobs`, {
    method: 'POST',
    headers: { ...headers(), 'idempotency-key': `job-${index}` },
    body: JSON.stringify(
      jobBody(`[[latency:50]] answer ${index}`, { model: models[index % 3] ?? '', stream: true }),
    ),
  });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { id: string }).id;
}

/** The last event of a job, watched live through the API that did not take it in. */
async function watch(jobId: string, index: number): Promise<string> {
  const answer = await fetch(`${urls[(index + 1) % 2]}/v1/jobs/${jobId}/events`, { headers: headers() });
  const text = await answer.text();
  return /^event: (\S+)/.exec(text.slice(text.lastIndexOf('event: ')))?.[1] ?? '';
}

test('two APIs and four workers: every job ends once, is seen from the other API, and all workers took part', async () => {
  const indexes = Array.from({ length: 240 }, (_, index) => index);
  const ids = await Promise.all(indexes.map(submit));
  const again = await Promise.all(indexes.slice(0, 20).map((index) => submit(index)));
  expect(again).toEqual(ids.slice(0, 20));
  const last = await Promise.all(ids.map(watch));
  expect(new Set(last)).toEqual(new Set(['job.succeeded']));
  const workers = await gateway.sql`select distinct worker_id from attempts`;
  expect(workers).toHaveLength(4);
  const [charges] = await gateway.sql<{ n: number }[]>`select count(*)::integer as n from charges`;
  expect(charges?.n).toBe(240);
  const { json: check } = await gateway.admin.call('GET /v1/admin/ledger/check');
  expect(check.checks.filter((one: { ok: boolean }) => !one.ok)).toEqual([]);
});
