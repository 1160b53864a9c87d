import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  type Client,
  type Gateway,
  jobBody,
  startGateway,
  whenAllEnded,
  whenEnded,
} from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['api', 'workers', 'workers'] });
  client = await gateway.openAccount('struggling', '100');
});
afterEach(async () => {
  await control('DELETE faults');
  await control('DELETE meter');
});
afterAll(() => gateway.close());

async function control(request: string, body?: object) {
  const [method = 'GET', path = ''] = request.split(' ', 2);
  const answer = await fetch(`${gateway.simulatorUrl}/__simulator/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await answer.json();
}

type Call = { at: string; provider: string; status: number };

async function callsTo(provider: string): Promise<Call[]> {
  const { calls } = (await control('GET meter')) as { calls: Call[] };
  return calls.filter((call) => call.provider === provider);
}

async function submission(count: number, more: object = {}): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { status, json } = await client.call('POST /v1/jobs', jobBody(`question ${index}`, { ...more }));
      expect(status).toBe(202);
      return json.id as string;
    }),
  );
}

async function endings(ids: string[]): Promise<string[]> {
  return [...new Set((await whenAllEnded(client, ids)).map((job) => job.status))];
}

async function gateOf(model: string) {
  const { json } = await gateway.admin.call('GET /v1/admin/providers');
  const models: { model: string; breaker: string; blocked_until: string | null }[] = json.data.flatMap(
    (provider: { models: object[] }) => provider.models,
  );
  return models.find((one) => one.model === model);
}

/** Refusals that come within a second of each other are one round of them. */
function roundsOf(calls: Call[]): number {
  const times = calls.filter((call) => call.status === 429).map((call) => Date.parse(call.at));
  return times.filter((time, index) => index === 0 || time - (times[index - 1] ?? 0) > 1000).length;
}

test('five 429s with Retry-After 2 s cost 40 jobs next to nothing', async () => {
  await control('POST faults', { provider: 'openai', kind: '429', retry_after: 2, count: 5 });
  expect(await endings(await submission(40))).toEqual(['succeeded']);
  expect((await callsTo('openai')).length).toBeLessThanOrEqual(85);
});

test('a provider that throttles for five times its Retry-After is asked, not stormed', async () => {
  await control('POST faults', { provider: 'openai', kind: '429', retry_after: 2 });
  const ids = await submission(40);
  await waitFor('five rounds of 429', async () => roundsOf(await callsTo('openai')) >= 5, 30_000);
  await control('DELETE faults');
  expect(await endings(ids)).toEqual(['succeeded']);
  expect((await callsTo('openai')).length).toBeLessThanOrEqual(85);
});

test('what a provider says is left of its limits is shown', async () => {
  const model = 'anthropic/claude-sonnet-4-5';
  await control('POST config', { requests_left: 7, tokens_left: 1234 });
  expect(await endings(await submission(1, { model }))).toEqual(['succeeded']);
  await control('POST config', { requests_left: null, tokens_left: null });
  expect(await gateOf(model)).toMatchObject({ requests_left: 7, tokens_left: 1234, blocked_until: null });
});

test('a provider that says nothing is left of its limit is asked no more before the reset', async () => {
  const model = 'openai/gpt-4o-mini';
  await control('POST config', { requests_left: 0 });
  expect(await endings(await submission(1, { model }))).toEqual(['succeeded']);
  await control('POST config', { requests_left: null });
  const blockedUntil = Date.parse((await gateOf(model))?.blocked_until ?? '');
  expect(blockedUntil).toBeGreaterThan(Date.now() + 30_000);
});

test('a dead provider gets a few calls; every job goes to its fallback', async () => {
  await control('POST faults', { provider: 'anthropic', kind: 'reset' });
  const model = 'anthropic/claude-haiku-4-5';
  const ids = await submission(30, { model, fallbacks: ['google/gemini-2.5-flash'] });
  expect(await endings(ids)).toEqual(['succeeded']);
  expect((await callsTo('anthropic')).length).toBeLessThanOrEqual(60);
  expect((await callsTo('google')).length).toBe(30);
  expect((await gateOf(model))?.breaker).not.toBe('closed');
});

test('a refused prompt fails after one call, and however many there are, the breaker stays closed', async () => {
  const model = 'google/gemini-2.5-flash';
  const ids = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const { json } = await client.call('POST /v1/jobs', jobBody(`[[fault:400]] ${index}`, { model }));
      return json.id as string;
    }),
  );
  expect(await endings(ids)).toEqual(['failed']);
  expect((await callsTo('google')).length).toBe(30);
  expect((await gateOf(model))?.breaker).toBe('closed');
});

test('interactive jobs and other accounts pass what one account has waiting', async () => {
  const other = await gateway.openAccount('other', '10');
  await gateway.admin.call('POST /v1/admin/providers/openai/pause');
  const waiting = await submission(600, { priority: 'batch' });
  const { json: hasty } = await client.call('POST /v1/jobs', jobBody('now', { priority: 'interactive' }));
  const { json: theirs } = await other.call('POST /v1/jobs', jobBody('mine', { priority: 'batch' }));
  await gateway.admin.call('POST /v1/admin/providers/openai/resume');
  await Promise.all([whenEnded(client, hasty.id), whenEnded(other, theirs.id)]);
  expect(await endings(waiting)).toEqual(['succeeded']);
  const started = await gateway.sql<{ id: string }[]>`
    select id from jobs where id = any(${[...waiting, hasty.id, theirs.id]}) order by started_at, id`;
  const positions = [hasty.id, theirs.id].map((id) => started.findIndex((job) => job.id === id));
  for (const position of positions) expect(position).toBeLessThan(300);
});
