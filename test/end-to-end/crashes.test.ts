import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Client,
  type Gateway,
  type GatewayProcess,
  jobBody,
  startGateway,
  whenAllEnded,
  whenEnded,
} from '../support/gateway.ts';
import { removeKeys } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['api'], env: { LEASE_SECONDS: '2', WORKER_CONCURRENCY: '8' } });
  client = await gateway.openAccount('crashes', '100');
  await setLatency(150);
});
afterAll(() => gateway.close());

const setLatency = (latencyMs: number) =>
  fetch(`${gateway.simulatorUrl}/__simulator/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latency_ms: latencyMs }),
  });

async function submit(count: number, name: string): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) => client.call('POST /v1/jobs', jobBody(`${name} ${index}`))),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  return answers.map(({ json }) => json.id);
}

/** Every job succeeded, was charged once and holds nothing; the books balance. */
async function expectAllSettled(ids: string[]): Promise<void> {
  const jobs = await whenAllEnded(client, ids);
  expect(jobs.filter((job) => job.status !== 'succeeded')).toEqual([]);
  const charges =
    await gateway.sql`select job_id from entries where type = 'charge' and job_id = any (${ids}::text[])`;
  expect(charges.length).toBe(ids.length);
  const { json: balance } = await client.call('GET /v1/balance');
  expect(balance.held_usd).toBe('0.000000000');
  const { json: check } = await gateway.admin.call('GET /v1/admin/ledger/check');
  expect(check.checks.filter((one: { ok: boolean }) => !one.ok)).toEqual([]);
}

describe('whatever is killed', () => {
  test('two workers share the work; kill -9 of one mid-call loses no job and charges none twice', async () => {
    const workers = [await gateway.spawn('workers'), await gateway.spawn('workers')];
    const ids = await submit(80, '[[latency:1000]] killed');
    await waitFor('both to be calling', async () => {
      const rows = await gateway.sql`
        select worker_id from attempts where job_id = any (${ids}::text[]) and outcome = 'started'
        group by worker_id having count(*) > 2`;
      return rows.length === 2;
    });
    await workers[0]?.kill('SIGKILL');
    await expectAllSettled(ids);
    const unknown = await gateway.sql`select job_id from attempts
        where outcome = 'unknown' and job_id = any (${ids}::text[])`;
    expect(unknown.length).toBeGreaterThan(0);
    await workers[1]?.kill('SIGTERM');
  });

  test('SIGTERM hands running calls back at once, without using up an attempt', async () => {
    const leaving = await gateway.spawn('workers', { SHUTDOWN_GRACE_SECONDS: '0' });
    const [id = ''] = await submit(1, '[[latency:1500]] handed back');
    await waitFor(
      'the call',
      async () => (await client.call(`GET /v1/jobs/${id}`)).json.status === 'running',
    );
    await leaving.kill('SIGTERM');
    const [row] = await gateway.sql`select state, tries, attempts from jobs where id = ${id}`;
    expect(row).toMatchObject({ state: 'waiting', tries: 0, attempts: 1 });
    const staying = await gateway.spawn('workers');
    await expectAllSettled([id]);
    await staying.kill('SIGTERM');
  });

  test('a job that takes three workers with it fails and costs nothing, whatever tries it has left', async () => {
    const submission = jobBody('deadly', { max_attempts: 10 });
    const { json: job } = await client.call('POST /v1/jobs', submission);
    for (let death = 1; death <= 3; death += 1) {
      const worker = await gateway.spawn('workers', { FAILPOINTS: 'run.calling=kill' });
      await worker.ended;
    }
    const staying = await gateway.spawn('workers');
    const ended = await whenEnded(client, job.id);
    expect(ended).toMatchObject({
      status: 'failed',
      attempts: 3,
      charge_usd: '0.000000000',
      error: { type: 'outcome_unknown', message: expect.stringContaining('3 workers were lost') },
    });
    expect((await client.call('GET /v1/balance')).json.held_usd).toBe('0.000000000');
    await staying.kill('SIGTERM');
  });

  test('emptying Redis while jobs wait and run loses none of them', async () => {
    const worker = await gateway.spawn('workers');
    const ids = await submit(60, 'flushed');
    await waitFor('some to be ticketed', async () => {
      const rows =
        await gateway.sql`select id from jobs where state = 'ticketed' and id = any (${ids}::text[])`;
      return rows.length > 5;
    });
    await removeKeys(gateway.redis);
    await expectAllSettled(ids);
    await worker.kill('SIGTERM');
  });

  test.each([
    { what: 'the places of waiting tickets', about: ':prioritized' },
    { what: 'the list of those in hand', about: ':active' },
    { what: 'the texts of tickets', about: ':job_' },
    { what: 'the bell of waiting workers', about: ':marker' },
  ])('a Redis that evicts $what loses no job', async ({ about }) => {
    const worker = await gateway.spawn('workers');
    const ids = await submit(60, 'evicted');
    await waitFor('some to be ticketed and some to run', async () => {
      const rows = await gateway.sql<{ state: string; count: number }[]>`
        select state, count(*)::integer from jobs where id = any (${ids}::text[]) group by state`;
      const countOf = (state: string) => rows.find((row) => row.state === state)?.count ?? 0;
      return countOf('ticketed') > 5 && countOf('running') > 2;
    });
    await removeKeys(gateway.redis, about);
    await expectAllSettled(ids);
    await worker.kill('SIGTERM');
  });

  test('a worker that was only paused beyond its lease changes nothing when it wakes', async () => {
    const [first, second]: GatewayProcess[] = [
      await gateway.spawn('workers'),
      await gateway.spawn('workers'),
    ];
    const ids = await submit(40, 'paused');
    await waitFor('the first calls', async () => {
      const rows = await gateway.sql`select job_id from attempts where job_id = any (${ids}::text[])`;
      return rows.length > 10;
    });
    process.kill(first?.pid ?? 0, 'SIGSTOP');
    await expectAllSettled(ids);
    process.kill(first?.pid ?? 0, 'SIGCONT');
    await waitFor('it to beat again', async () => {
      const rows = await gateway.sql`select id from workers where seen_at > now() - interval '1 second'`;
      return rows.length === 2;
    });
    await expectAllSettled(ids);
    await Promise.all([first?.kill('SIGTERM'), second?.kill('SIGTERM')]);
  });
});

describe('a streamed call whose worker is killed', () => {
  const ask = (text: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...jobBody(text, { max_tokens: 400 }).request, stream: true }),
    });

  /** The newest job, once it has written this event. */
  async function whenWrote(event: string): Promise<string> {
    const id = await waitFor('the call', async () => {
      const [job] = (await client.call('GET /v1/jobs?limit=1')).json.data;
      return job?.status === 'running' ? (job.id as string) : null;
    });
    const headers = { authorization: `Bearer ${client.key}` };
    const events = await fetch(`${gateway.url}/v1/jobs/${id}/events`, { headers });
    let read = '';
    for await (const piece of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      read += piece;
      if (read.includes(event)) break;
    }
    expect(read).toContain(event);
    return id;
  }

  async function expectNothingCharged(jobId: string) {
    const job = await whenEnded(client, jobId);
    expect(job).toMatchObject({ status: 'failed', charge_usd: '0.000000000', attempts: 1 });
    expect(job.error.type).toBe('outcome_unknown');
  }

  test('fails and costs nothing when some of the answer was told', async () => {
    const doomed = await gateway.spawn('workers');
    const call = ask('told [[chunk_delay:100]] [[length:200]]');
    const jobId = await whenWrote('output.delta');
    await doomed.kill('SIGKILL');
    const next = await gateway.spawn('workers');
    expect(await (await call).text()).toContain('"code":"outcome_unknown"');
    await expectNothingCharged(jobId);
    await next.kill('SIGTERM');
  });

  test('goes on elsewhere when nothing was', async () => {
    const doomed = await gateway.spawn('workers');
    const call = ask('untold [[latency:1500]]');
    await whenWrote('job.started');
    await doomed.kill('SIGKILL');
    const next = await gateway.spawn('workers');
    expect(await (await call).text()).toContain('[DONE]');
    await next.kill('SIGTERM');
  });

  test('fails and costs nothing when Redis lost what there was of it', async () => {
    const doomed = await gateway.spawn('workers');
    const call = ask('lost [[latency:5000]]');
    const jobId = await whenWrote('job.started');
    await removeKeys(gateway.redis);
    await doomed.kill('SIGKILL');
    const next = await gateway.spawn('workers');
    expect((await call).status).toBe(502);
    await expectNothingCharged(jobId);
    await next.kill('SIGTERM');
  });
});
