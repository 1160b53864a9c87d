import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatUsd, parseUsd } from '../../src/shared/money/rules/money.ts';
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
beforeAll(async () => {
  gateway = await startGateway({ roles: ['all'] });
});
afterAll(() => gateway.close());

const nano = (text: string) => parseUsd(text) ?? 0n;

async function statement(client: Client) {
  const entries: {
    type: string;
    amount_usd: string;
    available_usd: string;
    held_usd: string;
    job_id: string;
  }[] = [];
  for (let after = ''; ; ) {
    const { json } = await client.call(`GET /v1/transactions?limit=100${after}`);
    entries.push(...json.data);
    if (!json.has_more) return entries.reverse();
    after = `&after=${json.last_id}`;
  }
}

describe('funds', () => {
  test.each([1, 2, 3, 4, 5])(
    '200 jobs at once against funds for exactly 10: ten are taken (round %i)',
    async (round) => {
      // Ordered for later, so that none ends and gives money back while others still ask.
      const body = jobBody('hello', { run_at: '2099-01-01T00:00:00Z' });
      const probe = await gateway.openAccount(`probe-${round}`, '1');
      const { json: estimate } = await probe.call('POST /v1/estimates', body);
      const client = await gateway.openAccount(`ten-${round}`, formatUsd(nano(estimate.hold_usd) * 10n));
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => client.call('POST /v1/jobs', body)),
      );
      const accepted = answers.filter(({ status }) => status === 202);
      const refused = answers.filter(({ status }) => status === 402);
      // A job that ends quickly gives money back, which another may take: so no more than fit at once, and
      // none by error.
      expect(accepted.length + refused.length).toBe(200);
      expect(accepted.length).toBe(10);
      expect(refused[0]?.json).toMatchObject({
        code: 402,
        error_type: 'insufficient_funds',
        required: estimate.hold_usd,
        error: { type: 'insufficient_funds', code: 'insufficient_funds', param: null },
      });
      expect(refused[0]?.headers.get('x-should-retry')).toBe('false');
      const { json: balance } = await client.call('GET /v1/balance');
      expect(balance).toMatchObject({ available_usd: '0.000000000' });
    },
  );

  test('400 jobs at once: the sum of their charges is what the provider metered', async () => {
    const client = await gateway.openAccount('meter', '50');
    await fetch(`${gateway.simulatorUrl}/__simulator/meter`, { method: 'DELETE' });
    const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
    const jobs = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const body = jobBody(`question number ${index}`, {
          model: models[index % 3] ?? '',
          max_tokens: 40 + (index % 50),
        });
        const { json } = await client.call('POST /v1/jobs', body);
        expect(json).toHaveProperty('id');
        return json.id as string;
      }),
    );
    const ended = await whenAllEnded(client, jobs);
    expect(new Set(ended.map((job) => job.status))).toEqual(new Set(['succeeded']));

    const meter = (await (await fetch(`${gateway.simulatorUrl}/__simulator/meter`)).json()) as {
      calls: { attempt_id: string; prompt_tokens: number; completion_tokens: number; billed: boolean }[];
    };
    const metered = new Map(meter.calls.map((call) => [call.attempt_id, call]));
    expect(meter.calls).toHaveLength(400);
    for (const job of ended) {
      const call = metered.get(`att_${job.id.slice(4)}_1`);
      expect([job.usage.prompt_tokens, job.usage.completion_tokens]).toEqual([
        call?.prompt_tokens,
        call?.completion_tokens,
      ]);
    }
    const charged = ended.reduce((sum, job) => sum + nano(job.charge_usd), 0n);
    const entries = await statement(client);
    const onStatement = entries
      .filter(({ type }) => type === 'charge')
      .reduce((sum, { amount_usd: amount }) => sum - nano(amount), 0n);
    expect(onStatement).toBe(charged);
    const { json: balance } = await client.call('GET /v1/balance');
    expect(nano(balance.available_usd)).toBe(nano('50') - charged);
    expect(balance.held_usd).toBe('0.000000000');
  });

  test('every job is on the statement as a hold, its release and its charge, with running balances', async () => {
    const client = await gateway.openAccount('statement', '1');
    const { json } = await client.call('POST /v1/jobs', jobBody('hello'));
    const job = await whenEnded(client, json.id);
    const entries = (await statement(client)).filter((entry) => entry.job_id === job.id);
    expect(entries.map(({ type, amount_usd: amount }) => [type, amount])).toEqual([
      ['hold', `-${job.hold_usd}`],
      ['release', job.hold_usd],
      ['charge', `-${job.charge_usd}`],
    ]);
    expect(entries.map(({ held_usd: held }) => held)).toEqual([job.hold_usd, '0.000000000', '0.000000000']);
  });

  test('the ledger check holds after all of this', async () => {
    const { json } = await gateway.admin.call('GET /v1/admin/ledger/check');
    expect(json.checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([]);
    expect(json.ok).toBe(true);
  });
});

describe('what an ending costs', () => {
  const client = () => gateway.openAccount(`cost-${Math.random().toString(36).slice(2)}`, '1');

  test('cancelled before it ran: nothing', async () => {
    const account = await client();
    const { json } = await account.call(
      'POST /v1/jobs',
      jobBody('later', { run_at: '2099-01-01T00:00:00Z' }),
    );
    const cancel = await account.call(`POST /v1/jobs/${json.id}/cancel`, {});
    expect([cancel.status, cancel.json.status, cancel.json.charge_usd]).toEqual([
      200,
      'cancelled',
      '0.000000000',
    ]);
    const again = await account.call(`POST /v1/jobs/${json.id}/cancel`, {});
    expect([again.status, again.json.error_type]).toEqual([409, 'invalid_state']);
  });

  test('cancelled while it streamed: the input and what had come out, flagged as our count', async () => {
    const account = await client();
    const body = jobBody('[[fault:trickle ms=2]] tell a long story', {
      model: 'openai/gpt-4.1-mini',
      stream: true,
      max_tokens: 400,
    });
    const { json } = await account.call('POST /v1/jobs', body);
    await waitFor('the first delta', async () => {
      const answer = await fetch(`${gateway.url}/v1/jobs/${json.id}/events`, {
        headers: { authorization: `Bearer ${account.key}` },
      });
      const reader = answer.body?.getReader();
      let seen = '';
      while (reader !== undefined && !seen.includes('output.delta')) {
        const { done, value } = await reader.read();
        if (done) break;
        seen += Buffer.from(value).toString();
      }
      await reader?.cancel();
      return seen.includes('output.delta');
    });
    const cancel = await account.call(`POST /v1/jobs/${json.id}/cancel`, {});
    expect(cancel.status).toBe(202);
    const job = await whenEnded(account, json.id);
    expect(job.status).toBe('cancelled');
    expect(job.usage.estimated).toBe(true);
    expect(job.usage.completion_tokens).toBeGreaterThan(0);
    expect(nano(job.charge_usd) > 0n && nano(job.charge_usd) <= nano(job.hold_usd)).toBe(true);
  });

  test('refused by the provider: nothing, after one call', async () => {
    const account = await client();
    const { json } = await account.call('POST /v1/jobs', jobBody('[[fault:400]] no'));
    const job = await whenEnded(account, json.id);
    expect([job.status, job.error.type, job.charge_usd, job.attempts]).toEqual([
      'failed',
      'provider_rejected',
      '0.000000000',
      1,
    ]);
  });

  test('expired before it ran: nothing', async () => {
    const account = await client();
    const body = jobBody('too late', {
      run_at: new Date(Date.now() + 3_600_000).toISOString(),
      expires_in_seconds: 0.2,
    });
    const { json } = await account.call('POST /v1/jobs', body);
    await gateway.sql`update jobs set deadline_at = now() where id = ${json.id}`;
    const job = await whenEnded(account, json.id);
    expect([job.status, job.charge_usd]).toEqual(['expired', '0.000000000']);
  });

  test('without usage from the provider: our own count, flagged', async () => {
    const account = await client();
    const { json } = await account.call('POST /v1/jobs', jobBody('[[fault:no_usage]] hello'));
    const job = await whenEnded(account, json.id);
    expect([job.status, job.usage.estimated]).toEqual(['succeeded', true]);
    expect(nano(job.charge_usd) <= nano(job.hold_usd)).toBe(true);
  });

  test('absurd usage is treated as missing', async () => {
    const account = await client();
    const { json } = await account.call('POST /v1/jobs', jobBody('[[fault:absurd_usage]] hello'));
    const job = await whenEnded(account, json.id);
    expect([job.status, job.usage.estimated]).toEqual(['succeeded', true]);
  });
});
