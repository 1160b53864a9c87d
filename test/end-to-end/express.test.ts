import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, type Gateway, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let account: Client;
let sdk: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ roles: ['all'], env: { LEASE_SECONDS: '2', WORKER_CONCURRENCY: '4' } });
  account = await gateway.openAccount('one', '10');
  sdk = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: account.key, maxRetries: 0 });
});
afterAll(() => gateway.close());

const ask = (content: string) => ({
  model: 'openai/gpt-5-mini',
  messages: [{ role: 'user' as const, content }],
  max_tokens: 30,
});

/** What is stored of the newest job. */
async function newestJob() {
  const [row] = await gateway.sql`
    select j.state, j.ticketed_at is not null as ticketed, j.attempts, j.generation,
      h.closed_at is not null as closed,
      (select count(*)::integer from attempts a where a.job_id = j.id and a.outcome = 'succeeded')
        as succeeded,
      (select count(*)::integer from charges c where c.job_id = j.id and c.amount_nano > 0) as charges
    from jobs j join holds h on h.id = j.hold_id order by j.id desc limit 1`;
  return row;
}

const ranHere = {
  state: 'succeeded',
  ticketed: false,
  attempts: 1,
  generation: 0,
  closed: true,
  succeeded: 1,
  charges: 1,
};

test('a call with nobody in line never sees the queue, and is charged like any other', async () => {
  const completion = await sdk.chat.completions.create(ask('hello'));
  expect(completion.choices[0]?.message.content).not.toBe('');
  expect(await newestJob()).toEqual(ranHere);
});

test('so does one that streams', async () => {
  let text = '';
  for await (const chunk of await sdk.chat.completions.create({ ...ask('hello'), stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  expect(text).not.toBe('');
  expect(await newestJob()).toEqual(ranHere);
});

test('whoever follows the job of such a stream later has its whole text', async () => {
  const stream = await sdk.chat.completions.create({ ...ask('[[chunk_delay:5]] hello'), stream: true });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  const [job] = await gateway.sql<{ id: string }[]>`select id from jobs order by id desc limit 1`;
  const answer = await fetch(`${gateway.url}/v1/jobs/${job?.id}/events`, {
    headers: { authorization: `Bearer ${account.key}` },
  });
  const events = [...(await answer.text()).matchAll(/^event: (.*)\ndata: (.*)$/gm)];
  const types = events.map(([, type]) => type);
  expect([types[0], types[1], types.at(-1)]).toEqual(['job.queued', 'job.started', 'job.succeeded']);
  let followed = '';
  for (const [, type, data = '{}'] of events) {
    const event = JSON.parse(data) as { text?: string; choices?: { text: string }[] };
    if (type === 'output.delta') followed += event.text;
    if (type === 'output.snapshot') followed = event.choices?.[0]?.text ?? event.text ?? '';
  }
  expect(followed).toBe(text);
});

test('calls beyond the slots wait in line, and all are answered', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => sdk.chat.completions.create(ask('[[latency:300]] hello'))),
  );
  expect(answers).toHaveLength(20);
  const [{ ticketed, unfinished } = { ticketed: 0, unfinished: 1 }] = await gateway.sql`
    select count(*) filter (where ticketed_at is not null)::integer as ticketed,
      count(*) filter (where finished_at is null)::integer as unfinished from jobs`;
  expect(unfinished).toBe(0);
  expect(ticketed).toBeGreaterThan(0);
  expect(ticketed).toBeLessThan(20);
});

test('a job whose process is killed in its call is run by another, and charged once', async () => {
  const left = sdk.chat.completions.create(ask('[[latency:3000]] hello')).catch(() => null);
  const job = await waitFor('the call to run', async () => {
    const [row] = await gateway.sql<{ id: string }[]>`select id from jobs where state = 'running'`;
    return row;
  });
  await gateway.processes()[0]?.kill('SIGKILL');
  await left;
  await gateway.spawn('all');
  const [row] = await waitFor('the job to end', async () => {
    const rows = await gateway.sql`
      select state, attempts, (select count(*)::integer from charges c where c.job_id = j.id) as charges
      from jobs j where id = ${job.id} and finished_at is not null`;
    return rows.length > 0 ? rows : undefined;
  });
  expect(row).toEqual({ state: 'succeeded', attempts: 2, charges: 1 });
});
