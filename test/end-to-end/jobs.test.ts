import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type Gateway, jobBody, startGateway, whenEnded } from '../support/gateway.ts';
import { hostileTexts } from '../support/hostile-texts.ts';

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['all'] });
  client = await gateway.openAccount('jobs', '100');
});
afterAll(() => gateway.close());

async function run(body: object) {
  const { status, json } = await client.call('POST /v1/jobs', body);
  expect(status).toBe(202);
  return whenEnded(client, json.id);
}

describe('a job', () => {
  test.each(['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'])(
    'succeeds on %s with the tokens the provider counted',
    async (model) => {
      await fetch(`${gateway.simulatorUrl}/__simulator/meter`, { method: 'DELETE' });
      const job = await run(jobBody('how are you', { model }));
      const meter = await (await fetch(`${gateway.simulatorUrl}/__simulator/meter`)).json();
      const [call] = (meter as { calls: { prompt_tokens: number; completion_tokens: number }[] }).calls;
      expect(job).toMatchObject({
        status: 'succeeded',
        model,
        attempts: 1,
        usage: { prompt_tokens: call?.prompt_tokens, completion_tokens: call?.completion_tokens },
        result: { object: 'chat.completion', model, choices: [{ finish_reason: expect.any(String) }] },
      });
    },
  );

  test.each(['gpt-3.5-turbo', 'gpt-4', 'claude-3', 'gemini-1.5-pro'])(
    'the old name %s still works',
    async (model) => {
      const job = await run(jobBody('hello', { model }));
      expect(job.status).toBe('succeeded');
      expect(job.model).toMatch(/^(openai|anthropic|google)\//);
    },
  );

  test('goes to its fallback at once when the provider fails', async () => {
    const body = jobBody('[[fault:500]] please', {});
    const faulty = { ...body, fallbacks: ['anthropic/claude-haiku-4-5'], max_attempts: 2 };
    await fetch(`${gateway.simulatorUrl}/__simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ provider: 'openai', kind: '500', count: 1 }),
    });
    const job = await run({
      ...faulty,
      request: { ...faulty.request, messages: [{ role: 'user', content: 'please' }] },
    });
    expect(job).toMatchObject({
      model: 'openai/gpt-5-mini',
      answered_model: 'anthropic/claude-haiku-4-5',
    });
    const { json: attempts } = await client.call(`GET /v1/jobs/${job.id}/attempts`);
    expect(
      attempts.data.map((one: { provider: string; outcome: string }) => [one.provider, one.outcome]),
    ).toEqual([
      ['openai', 'failed'],
      ['anthropic', 'succeeded'],
    ]);
    expect(job.result.model).toBe('anthropic/claude-haiku-4-5');
  });

  test('waits out a throttle without using up an attempt', async () => {
    const job = await run(jobBody('[[fault:429 retry_after=1 times=2]] please', { max_attempts: 1 }));
    const { json: attempts } = await client.call(`GET /v1/jobs/${job.id}/attempts`);
    expect(job.status).toBe('succeeded');
    expect(attempts.data.map((one: { status: number }) => one.status)).toEqual([429, 429, 200]);
  });

  test('fails when its attempts are used up, and costs nothing', async () => {
    const job = await run(jobBody('[[fault:500]] always', { max_attempts: 2 }));
    expect([job.status, job.error.type, job.attempts, job.charge_usd]).toEqual([
      'failed',
      'provider_failed',
      2,
      '0.000000000',
    ]);
  });

  test('can be submitted again, with a new hold', async () => {
    const first = await run(jobBody('again', { metadata: { k: 'v' } }));
    const { status, json } = await client.call(`POST /v1/jobs/${first.id}/retry`);
    expect(status).toBe(202);
    expect(json.metadata).toEqual({ k: 'v', retry_of: first.id });
    expect((await whenEnded(client, json.id)).status).toBe('succeeded');
  });

  test('is found by its metadata and status', async () => {
    const job = await run(jobBody('find me', { metadata: { colour: 'blue' } }));
    const { json } = await client.call('GET /v1/jobs?metadata.colour=blue&status=succeeded');
    expect(json.data.map((one: { id: string }) => one.id)).toEqual([job.id]);
  });
});

describe('hostile texts', () => {
  test.each(hostileTexts.map((text) => [JSON.stringify(text).slice(0, 60), text]))(
    'come back byte for byte, from the provider and from the metadata: %s',
    async (_name, text) => {
      const job = await run(jobBody(text, { metadata: { text: text.slice(0, 500) }, max_tokens: 4000 }));
      expect(job.metadata.text).toBe(text.slice(0, 500));
      expect(job.request.messages[0].content).toBe(text);
      expect(job.result.choices[0].message.content).toContain(text);
    },
  );

  test.each([
    ['NUL', '"a\\u0000b"'],
    ['a lone surrogate', '"a\\ud800b"'],
  ])('%s is refused with the name of the field', async (_name, literal) => {
    const text = `{"request":{"model":"gpt-4","messages":[{"role":"user","content":${literal}}]}}`;
    const answer = await fetch(`${gateway.url}/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
      body: text,
    });
    const body = (await answer.json()) as { error_type: string; detail: string };
    expect([answer.status, body.error_type]).toEqual([400, 'invalid_json']);
    expect(body.detail).toContain('request.messages.0.content');
  });
});

describe('refusals at intake', () => {
  const message = { role: 'user', content: 'x' };
  test('a fallback is asked what it can do itself, whatever the first model can', async () => {
    const request = { ...jobBody('x').request, model: 'openai/gpt-4.1-mini', temperature: 0.5 };
    const body = { request, fallbacks: ['anthropic/claude-haiku-4-5'] };
    const { status, json } = await client.call('POST /v1/jobs', body);
    expect(status).toBe(202);
    expect((await client.call(`GET /v1/jobs/${json.id}?wait=30`)).json.status).toBe('succeeded');
  });

  test.each<[string, object, string]>([
    ['an unknown model', { request: { model: 'nobody/knows', messages: [message] } }, 'request.model'],
    ['an unknown fallback', { ...jobBody('x'), fallbacks: ['nobody/knows'] }, 'fallbacks.0'],
    ['an unknown field', { ...jobBody('x'), colour: 'blue' }, 'colour'],
    [
      'an unknown field in the request',
      { request: { ...jobBody('x').request, temprature: 1 } },
      'request.temprature',
    ],
    [
      'more output than the model has',
      { request: { ...jobBody('x').request, max_tokens: 9_999_999 } },
      'request.max_tokens',
    ],
    [
      'what a fallback cannot do',
      { request: { ...jobBody('x').request, verbosity: 'low' }, fallbacks: ['anthropic/claude-haiku-4-5'] },
      'request.verbosity',
    ],
    [
      'a webhook to a metadata address',
      { ...jobBody('x'), webhook_url: 'http://169.254.169.254/' },
      'webhook_url',
    ],
    ['a cache that is not there', { ...jobBody('x'), cache: { ttl_seconds: 60 } }, 'cache'],
    ['no messages', { request: { model: 'gpt-4', messages: [] } }, 'request.messages'],
  ])('%s is a 422 with the path of the field', async (_name, body, param) => {
    const before = await client.call('GET /v1/balance');
    const { status, json } = await client.call('POST /v1/jobs', body);
    expect([status, json.error_type, json.error.param]).toEqual([422, 'validation_error', param]);
    expect((await client.call('GET /v1/balance')).json).toEqual(before.json);
  });

  test('an account whose queue is full is told to wait, before anything is held', async () => {
    const account = await gateway.openAccount('deep', '1');
    await gateway.admin.call('PATCH /v1/admin/accounts/deep', { max_queue_depth: 2 });
    const later = jobBody('later', { run_at: '2099-01-01T00:00:00Z' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => account.call('POST /v1/jobs', later)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect([refused?.json.error_type, refused?.headers.get('x-should-retry')]).toEqual([
      'rate_limited',
      'true',
    ]);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused?.headers.get('ratelimit-remaining')).toBe('0');
    const { json: held } = await account.call('GET /v1/balance');
    const { json: estimate } = await account.call('POST /v1/estimates', later);
    expect(Number(held.held_usd)).toBeCloseTo(2 * Number(estimate.hold_usd), 9);
  });

  test('a paused account’s jobs are taken, wait, and run when it goes on', async () => {
    const account = await gateway.openAccount('resting', '1');
    await gateway.admin.call('PATCH /v1/admin/accounts/resting', { paused: true });
    const { status, json } = await account.call('POST /v1/jobs', jobBody('later'));
    expect(status).toBe(202);
    const { json: waits } = await account.call(`GET /v1/jobs/${json.id}?wait=2`);
    expect(waits).toMatchObject({ status: 'queued', queue_position: 1, estimated_start_at: null });
    await gateway.admin.call('PATCH /v1/admin/accounts/resting', { paused: false });
    expect((await whenEnded(account, json.id)).status).toBe('succeeded');
  });

  test('somebody else’s job is the same 404 as none, on every route', async () => {
    const other = await gateway.openAccount('other', '1');
    const { json } = await client.call('POST /v1/jobs', jobBody('mine'));
    for (const route of ['GET', 'GET /events', 'GET /attempts', 'POST /cancel', 'POST /retry']) {
      const [method, suffix = ''] = route.split(' ');
      const foreign = await other.call(`${method} /v1/jobs/${json.id}${suffix}`);
      const missing = await other.call(`${method} /v1/jobs/job_missing${suffix}`);
      expect([foreign.status, foreign.json.detail]).toEqual([404, missing.json.detail]);
    }
  });
});

describe('an Idempotency-Key', () => {
  test('gives the first answer again, byte for byte, and runs nothing twice', async () => {
    const headers = { 'idempotency-key': 'once' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.call('POST /v1/jobs', jobBody('once'), headers)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ json }) => JSON.stringify(json))).size).toBe(1);
    expect(answers.filter((one) => one.headers.get('idempotent-replayed') === 'true')).toHaveLength(19);
    const other = await client.call('POST /v1/jobs', jobBody('twice'), headers);
    expect([other.status, other.json.error_type, other.headers.get('x-should-retry')]).toEqual([
      409,
      'idempotency_conflict',
      'false',
    ]);
  });

  test('of a refused request is not remembered', async () => {
    const poor = await gateway.openAccount('poor', '0.000001');
    const headers = { 'idempotency-key': 'later' };
    expect((await poor.call('POST /v1/jobs', jobBody('x'), headers)).status).toBe(402);
    await gateway.admin.call('POST /v1/admin/accounts/poor/credits', {
      amount_usd: '1',
      description: 'more',
    });
    expect((await poor.call('POST /v1/jobs', jobBody('x'), headers)).status).toBe(202);
  });
});

test('a webhook arrives signed, and is signed by both secrets after a rotation', async () => {
  const received: { headers: Record<string, string>; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    });
    // The first try of each event fails, so that a second one must carry the same id and bytes.
    const { 'webhook-id': id } = request.headers;
    response.statusCode = received.filter((one) => one.headers['webhook-id'] === id).length === 1 ? 500 : 200;
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const worker = await startGateway({ roles: ['all'], env: { WEBHOOK_RETRY_SECONDS: '0.1,0.1' } });
  try {
    const account = await worker.openAccount('hooks', '1');
    const { json: first } = await account.call('GET /v1/webhook_secret');
    const { json: second } = await account.call('POST /v1/webhook_secret/rotate');
    const { json } = await account.call(
      'POST /v1/jobs',
      jobBody('hook', { webhook_url: url, webhook_payload: 'full' }),
    );
    await whenEnded(account, json.id);
    const deadline = Date.now() + 10_000;
    while (received.length < 2 && Date.now() < deadline) await new Promise((next) => setTimeout(next, 20));
    expect(received).toHaveLength(2);
    expect(received[1]?.body).toBe(received[0]?.body);
    expect(received[1]?.headers['webhook-id']).toBe(received[0]?.headers['webhook-id']);
    for (const { secret } of [first, second]) {
      const event = new Webhook(secret).verify(received[1]?.body ?? '', received[1]?.headers ?? {}) as {
        data: { job: { id: string } };
      };
      expect(event.data.job.id).toBe(json.id);
    }
  } finally {
    server.close();
    await worker.close();
  }
});

describe('jobs that are no longer wanted', () => {
  test('are cancelled by their metadata, all that have not ended', async () => {
    const later = { run_at: '2099-01-01T00:00:00Z', metadata: { group: 'unwanted' } };
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await client.call('POST /v1/jobs', jobBody('later', later))).json.id),
    );
    const { status, json } = await client.call('POST /v1/jobs/cancel', { metadata: { group: 'unwanted' } });
    expect([status, json.cancelled, json.asked]).toEqual([202, 3, 0]);
    for (const id of ids) expect((await client.call(`GET /v1/jobs/${id}`)).json.status).toBe('cancelled');
    expect((await client.call('POST /v1/jobs/cancel', {})).status).toBe(422);
  });

  test('are erased when they have ended: texts, result and events are gone, the money is not', async () => {
    const job = await run(jobBody('forget me', { stream: true }));
    const gone = await client.call(`DELETE /v1/jobs/${job.id}`);
    expect([gone.status, gone.json]).toEqual([200, { id: job.id, object: 'job', deleted: true }]);
    const after = (await client.call(`GET /v1/jobs/${job.id}`)).json;
    expect([after.result, after.request, after.charge_usd]).toEqual([null, undefined, job.charge_usd]);
    expect((await client.call(`POST /v1/jobs/${job.id}/retry`)).json.error_type).toBe('invalid_state');
    const later = await client.call('POST /v1/jobs', jobBody('x', { run_at: '2099-01-01T00:00:00Z' }));
    expect((await client.call(`DELETE /v1/jobs/${later.json.id}`)).status).toBe(409);
  });
});
