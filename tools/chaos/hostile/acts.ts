import { sleep } from '../faults/fault.ts';
import type { Sink } from '../sink.ts';
import type { HostileTenant } from './tenant.ts';

/**
 * What a hostile tenant does for some seconds; resolves with how many requests it was, when all are answered.
 */
export type HostileAct = { kind: string; run(): Promise<number> };

const keyedTests = 8;
const waits = 40;
const waitSeconds = 6;
/** Later than the waits end; soon, for when nobody can be reached to cancel it. */
const beginsInMs = 15_000;
/** More would keep the proxies busy, through which everybody's bytes go here, and not the gateway. */
const imageBytes = 1_500_000;
const wrongItems = 150_000;
const wrongBodies = 6;
const floodJobs = 250;
const dearBatches = 6;
const dearLines = 4000;

const testOf = ({ hangingEndpoint }: HostileTenant) => `/v1/webhook_endpoints/${hangingEndpoint}/test`;

export function hostileActs(tenant: HostileTenant, sink: Sink): HostileAct[] {
  let number = 0;
  const nextKey = () => {
    number += 1;
    return `slow-${number}`;
  };
  return [
    {
      kind: 'keyed requests that hang, and jobs under their keys',
      run: () => hangUnderKeys(tenant, sink, nextKey),
    },
    { kind: 'forty waits for a job of megabytes', run: () => waitForLargeJob(tenant) },
    { kind: 'bodies of a hundred thousand wrong items', run: () => sendWrongItems(tenant) },
    { kind: 'a flood of jobs', run: () => flood(tenant) },
    { kind: 'large batches that nobody can pay', run: () => beginDearBatches(tenant) },
  ];
}

/** Each key is in use by a request that waits for its receiver, and is asked for again by intake. */
async function hangUnderKeys(tenant: HostileTenant, sink: Sink, nextKey: () => string): Promise<number> {
  const keys = Array.from({ length: keyedTests }, nextKey);
  const hangingBefore = sink.hanging();
  const test = JSON.stringify({ event_type: 'job.succeeded' });
  const tests = keys.map((key) => tenant.request('POST', testOf(tenant), { key, body: test }));
  // The ones that wait for another before they hang are the defect; the first is enough to begin.
  for (let looks = 0; looks < 100 && sink.hanging() === hangingBefore; looks += 1) await sleep(20);
  const jobs = keys.map((key) => {
    // A key whose test has not begun is free, and then the job is there.
    const messages = [{ role: 'user', content: tenant.newWords() }];
    const body = JSON.stringify({ request: { model: 'openai/gpt-5-mini', messages, max_tokens: 1 } });
    return tenant.request('POST', '/v1/jobs', { key, body, timeoutMs: 8000 });
  });
  await Promise.all(jobs);
  await Promise.all(tests);
  return keys.length * 2;
}

async function waitForLargeJob(tenant: HostileTenant): Promise<number> {
  const { jobId } = await tenant.client.submit({
    text: 'what is this?',
    model: 'openai/gpt-5-mini',
    maxTokens: 1,
    imageUrl: largeImage(),
    more: { run_at: new Date(Date.now() + beginsInMs).toISOString() },
  });
  if (jobId === null) return 1;
  const wait = () => tenant.request('GET', `/v1/jobs/${jobId}?wait=${waitSeconds}`);
  await Promise.all(Array.from({ length: waits }, wait));
  await tenant.client.cancel(jobId);
  return waits;
}

/** A PNG of one pixel, and much after it that no reader looks at. */
function largeImage(): string {
  const pixel =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const image = Buffer.concat([Buffer.from(pixel, 'base64'), Buffer.alloc(imageBytes)]);
  return `data:image/png;base64,${image.toString('base64')}`;
}

async function sendWrongItems(tenant: HostileTenant): Promise<number> {
  const items = `[${'1,'.repeat(wrongItems)}1]`;
  const request = `{"model":"openai/gpt-5-mini","messages":${items}}`;
  const bodies = [
    ['/v1/jobs', `{"request":${request}}`],
    ['/v1/estimates', `{"request":${request}}`],
    ['/v1/chat/completions', request],
  ] as const;
  const sent = Array.from({ length: wrongBodies }, (_, index) => bodies[index % bodies.length] ?? bodies[0]);
  await Promise.all(sent.map(([path, body]) => tenant.request('POST', path, { body })));
  return sent.length;
}

async function flood(tenant: HostileTenant): Promise<number> {
  const submit = () => tenant.client.submit({ text: 'more and more', model: 'openai/gpt-5-mini' });
  await Promise.all(Array.from({ length: floodJobs }, submit));
  return floodJobs;
}

async function beginDearBatches(tenant: HostileTenant): Promise<number> {
  const padding = 'word '.repeat(100);
  // Asks for so much output that all lines together cost more than the account has.
  const prompts = Array.from({ length: dearLines }, () => padding);
  return await tenant.batches.begin(prompts, { batches: dearBatches, maxTokens: 16_000 });
}
