import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyEvent, newWatchedJob } from '../../tools/chaos/watched-job.ts';
import { type Client, type Gateway, jobBody, startGateway, whenEnded } from '../support/gateway.ts';
import { viewToEnd } from '../support/viewer.ts';
import { waitFor } from '../support/wait-for.ts';

/** DRAIN_VIEWERS=2000 is the large run. */
const viewers = Number(process.env['DRAIN_VIEWERS'] ?? 300);
const jobs = 10;
const waiters = 20;
/** What is promised of a process that is told to go. */
const drainMsMax = 5000;

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['api'], env: { EVENT_STREAMS_LIMIT: String(viewers) } });
  client = await gateway.openAccount('viewers', '100');
});
afterAll(() => gateway.close());

test('an API process that is told to go ends at once, and its viewers go on at another without a gap', async () => {
  const leaving = await gateway.spawn('api');
  let urls = [leaving.url];
  const jobIds = await Promise.all(
    Array.from({ length: jobs }, async (_, index) => {
      const text = `drained ${index} [[length:300]] [[chunk_delay:700]]`;
      const { json } = await client.call('POST /v1/jobs', jobBody(text, { max_tokens: 2000, stream: true }));
      return json.id as string;
    }),
  );
  const seen = new Map<number, string>();
  const viewing = Promise.all(
    Array.from({ length: viewers }, async (_, viewer) => {
      const jobId = jobIds[viewer % jobs] ?? '';
      const onEvent = ({ type }: { type: string }) => seen.set(viewer, type);
      const view = await viewToEnd({
        jobId,
        key: client.key,
        urls: () => urls,
        random: Math.random,
        onEvent,
      });
      return { jobId, view };
    }),
  );
  await waitFor('every viewer to be there', () => seen.size === viewers);
  const waiting = Array.from({ length: waiters }, async (_, index) => {
    const headers = { authorization: `Bearer ${client.key}` };
    const answer = await fetch(`${leaving.url}/v1/jobs/${jobIds[index % jobs]}?wait=30`, { headers });
    await answer.json();
    return answer.status;
  });
  await gateway.spawn('workers');
  await waitFor('every viewer to read', () => [...seen.values()].every((type) => type === 'output.delta'));

  urls = [gateway.url];
  const at = performance.now();
  await leaving.kill('SIGTERM');
  const drainMs = Math.round(performance.now() - at);
  const ended = [...seen.values()].filter((type) => type === 'job.succeeded').length;
  console.info(`${viewers} viewers and ${waiters} waiting requests: ended ${drainMs} ms after SIGTERM`);
  expect(drainMs).toBeLessThan(drainMsMax);
  expect(ended).toBe(0);
  expect(await Promise.all(waiting)).toEqual(Array(waiters).fill(200));

  const texts = new Map<string, string>();
  for (const jobId of jobIds) {
    const { result } = await whenEnded(client, jobId);
    texts.set(jobId, result.choices[0].message.content);
  }
  for (const { jobId, view } of await viewing) {
    const job = newWatchedJob(jobId);
    for (const event of view.events) applyEvent(job, event);
    expect(job.wrong).toEqual([]);
    expect(view.events.map(({ id }) => Number(id))).toEqual(view.events.map((_, index) => index + 1));
    expect(job.output.text(0)).toBe(texts.get(jobId));
    expect(view.connections).toBe(2);
  }
}, 60_000);

/** Asks for a streamed answer and waits until its job runs. */
async function ask(url: string, text: string): Promise<{ answer: Promise<Response>; jobId: string }> {
  const answer = fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'openai/gpt-5-mini',
      messages: [{ role: 'user', content: text }],
      max_tokens: 2000,
      stream: true,
    }),
  });
  const jobId = await waitFor('the call', async () => {
    const { json } = await client.call('GET /v1/jobs?status=running');
    return json.data[0]?.id as string | undefined;
  });
  return { answer, jobId };
}

test('a streamed call ends whole when it can within the grace time, even if its first word is still to come', async () => {
  await gateway.spawn('workers');
  const leaving = await gateway.spawn('api', { SHUTDOWN_GRACE_SECONDS: '15' });
  const { answer, jobId } = await ask(leaving.url, '[[latency:1000]] [[chunk_delay:100]] [[length:20]]');
  await leaving.kill('SIGTERM');
  expect(await (await answer).text()).toMatch(/data: \[DONE\]\n\n$/);
  expect((await whenEnded(client, jobId)).status).toBe('succeeded');
});

test('a streamed call that takes longer is told that the server closes, and stopped', async () => {
  await gateway.spawn('workers');
  const leaving = await gateway.spawn('api', { SHUTDOWN_GRACE_SECONDS: '1' });
  const { answer, jobId } = await ask(leaving.url, '[[latency:1500]] [[chunk_delay:300]] [[length:300]]');
  await leaving.kill('SIGTERM');
  expect(await (await answer).text()).toContain('The server closes; ask again');
  expect((await whenEnded(client, jobId)).status).toBe('cancelled');
});
