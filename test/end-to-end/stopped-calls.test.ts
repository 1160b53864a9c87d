import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../tools/stack/random.ts';
import {
  type Client,
  type Gateway,
  jobBody,
  startGateway,
  whenAllEnded,
  whenEnded,
} from '../support/gateway.ts';
import { compareBills, leaveAfter, shareOf } from '../support/stopped-calls.ts';
import { waitFor } from '../support/wait-for.ts';

/** STOPPED_CALLS=600 is a large run, and says what each model came to. */
const calls = Number(process.env['STOPPED_CALLS'] ?? 60);
/** How many are under way at once. */
const atOnce = 20;

const reasoning = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const plain = ['openai/gpt-4.1-mini', 'openai/gpt-4o'];
const words = '[[length:60]] answer first, then a paragraph of filler';

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['all'], env: { SYNC_TIMEOUT_SECONDS: '20' } });
  client = await gateway.openAccount('leaving', '100');
  // Slow enough that a call that is stopped is stopped on its way.
  await fetch(`${gateway.simulatorUrl}/__simulator/config`, {
    method: 'POST',
    body: '{"chunk_delay_ms":60}',
  });
});
afterAll(() => gateway.close());

type Job = Awaited<ReturnType<typeof whenEnded>>;

/** The provider's bill of one job beside its charge. */
async function billOfJob(job: Job) {
  const [bill] = [...(await compareBills(gateway, [job])).values()];
  if (bill === undefined) throw new Error('the meter has nothing');
  return bill;
}

/** Orders a job and waits for the worker to call its provider. */
async function begin(body: object): Promise<string> {
  const { json } = await client.call('POST /v1/jobs', body);
  await waitFor('the call', async () => (await client.call(`GET /v1/jobs/${json.id}`)).json.attempts === 1);
  return json.id;
}

describe('a client that leaves', () => {
  test(
    'is charged what was billed, and never above its hold, whenever it leaves',
    async () => {
      const random = seededRandom(7);
      const models = [...reasoning, ...reasoning, ...plain];
      const asked = Array.from({ length: calls }, (_, index) => {
        const model = models[index % models.length] ?? '';
        const hidden = reasoning.includes(model) ? `[[reasoning:${random.between(0, 4000)}]]` : '';
        const messages = [{ role: 'user', content: `${hidden} ${words} ${index}` }];
        return { body: { model, messages, max_completion_tokens: 6000 }, pieces: random.between(0, 12) };
      });
      const jobs: Job[] = [];
      for (let start = 0; start < calls; start += atOnce) {
        const group = asked
          .slice(start, start + atOnce)
          .map(async ({ body, pieces }) =>
            whenEnded(client, await leaveAfter(gateway, client, body, pieces)),
          );
        jobs.push(...(await Promise.all(group)));
      }
      const bills = await compareBills(gateway, jobs);
      if (process.env['STOPPED_CALLS'] !== undefined) {
        for (const [model, bill] of bills) console.info(model, bill, shareOf([bill]).toFixed(3));
        console.info('all', shareOf(bills.values()).toFixed(4));
      }
      expect(shareOf(bills.values())).toBeGreaterThanOrEqual(0.95);
      expect([...bills.values()].filter(({ aboveHold }) => aboveHold > 0)).toEqual([]);
      for (const model of reasoning) {
        const bill = bills.get(model);
        expect([bill?.chargedNano, bill?.unread]).toEqual([bill?.billedNano, 0]);
      }
    },
    calls * 2000,
  );

  test.each(reasoning)('finds the whole answer of %s, and is given it when it asks again', async (model) => {
    const content = `[[reasoning:900]] ${words}, for ${model}`;
    const body = { model, messages: [{ role: 'user', content }], max_completion_tokens: 3000 };
    const job = await whenEnded(client, await leaveAfter(gateway, client, body, 2));
    expect(job.usage).toMatchObject({ reasoning_tokens: 900 });
    expect(job.usage).not.toHaveProperty('estimated');
    expect(job.result.choices[0].message.content).toContain('answer first');
    const again = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${client.key}`,
        'content-type': 'application/json',
        'x-stainless-retry-count': '1',
      },
      body: JSON.stringify({ ...body, stream: true }),
    });
    expect(again.headers.get('x-job-id')).toBe(job.id);
    expect(await again.text()).toMatch(/data: \[DONE\]\n\n$/);
  });
});

describe('a job that is cancelled while a model reasons', () => {
  test.each(reasoning.flatMap((model) => [true, false].map((stream) => ({ model, stream }))))(
    'is cancelled, and charged what it cost: $model, stream $stream',
    async ({ model, stream }) => {
      const text = `[[reasoning:2000]] [[latency:300]] ${words} ${stream}`;
      const id = await begin(jobBody(text, { model, max_tokens: 3000, stream }));
      expect((await client.call(`POST /v1/jobs/${id}/cancel`, {})).status).toBe(202);
      const job = await whenEnded(client, id);
      const bill = await billOfJob(job);
      expect([job.status, bill.chargedNano]).toEqual(['cancelled', bill.billedNano]);
      expect(job.result.choices[0].message.content).toContain('answer first');
      const { json } = await client.call(`GET /v1/jobs/${id}/attempts`);
      expect(json.data).toMatchObject([{ outcome: 'succeeded', cost_usd: job.charge_usd }]);
    },
  );

  test('is charged nothing when the provider then refuses the call', async () => {
    const id = await begin(jobBody('[[latency:1000]] [[fault:400]] no', { stream: true }));
    await client.call(`POST /v1/jobs/${id}/cancel`, {});
    const job = await whenEnded(client, id);
    expect([job.status, job.charge_usd, job.result]).toEqual(['cancelled', '0.000000000', null]);
  });

  test('ends at its deadline all the same', async () => {
    const text = '[[fault:hang at=3]] silence';
    const id = await begin(jobBody(text, { stream: true, expires_in_seconds: 3 }));
    await client.call(`POST /v1/jobs/${id}/cancel`, {});
    const job = await whenEnded(client, id);
    expect([job.status, job.usage.estimated]).toEqual(['cancelled', true]);
  });
});

test('a job that expires while Gemini answers is charged the thoughts that were reported by then', async () => {
  const text = `[[reasoning:700]] [[chunk_delay:500]] ${words}`;
  const model = 'google/gemini-2.5-flash';
  const { json } = await client.call(
    'POST /v1/jobs',
    jobBody(text, { model, max_tokens: 2000, stream: true, expires_in_seconds: 2.5 }),
  );
  const job = await whenEnded(client, json.id);
  expect([job.status, job.usage.estimated, job.usage.reasoning_tokens]).toEqual(['expired', true, 700]);
  expect(job.usage.completion_tokens).toBeGreaterThan(700);
  expect(shareOf([await billOfJob(job)])).toBeGreaterThanOrEqual(0.95);
});

describe('a limit of ours', () => {
  test.each([false, true])(
    'ends a call for good, charged, and is no failure of the provider: stream %s',
    async (stream) => {
      const text = `[[fault:large mb=20]] too much ${stream}`;
      const ids = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const body = jobBody(text, { model: 'openai/gpt-4o', stream, max_attempts: 5 });
          return (await client.call('POST /v1/jobs', body)).json.id as string;
        }),
      );
      for (const job of await whenAllEnded(client, ids)) {
        expect([job.status, job.error.type, job.attempts]).toEqual(['failed', 'outcome_unknown', 1]);
        const bill = await billOfJob(job);
        expect(bill.chargedNano).toBeGreaterThanOrEqual(bill.billedNano);
        expect(bill.aboveHold).toBe(0);
      }
      const { json } = await gateway.admin.call('GET /v1/admin/providers');
      const { models } = json.data.find((provider: { name: string }) => provider.name === 'openai');
      const state = models.find(({ model }: { model: string }) => model === 'openai/gpt-4o');
      expect(state?.breaker).toBe('closed');
    },
  );

  test('for calls that somebody waits for is none for other jobs', async () => {
    const short = await startGateway({ roles: ['all'], env: { SYNC_TIMEOUT_SECONDS: '1' } });
    try {
      const account = await short.openAccount('patient', '10');
      const whole = await account.call('POST /v1/jobs', jobBody('[[latency:2500]] whole'));
      const pieces = await account.call(
        'POST /v1/jobs',
        jobBody('[[chunk_delay:200]] in pieces', { stream: true }),
      );
      const waited = await account.call('POST /v1/chat/completions', jobBody('[[latency:2500]] now').request);
      expect(waited.status).toBe(504);
      for (const { json } of [whole, pieces]) {
        const job = await whenEnded(account, json.id);
        expect([job.status, job.attempts]).toEqual(['succeeded', 1]);
      }
    } finally {
      await short.close();
    }
  });
});
