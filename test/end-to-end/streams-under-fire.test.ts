import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyEvent, newWatchedJob } from '../../tools/chaos/watched-job.ts';
import { type Random, seededRandom } from '../../tools/stack/random.ts';
import { type Client, type Gateway, jobBody, startGateway, whenEnded } from '../support/gateway.ts';
import { removeKeys } from '../support/redis.ts';
import { statusAfter, type View, type ViewOptions, viewToEnd } from '../support/viewer.ts';
import { waitFor } from '../support/wait-for.ts';

/** STREAMS_UNDER_FIRE=400 is a large run; STREAMS_SEED gives other cuts. */
const streams = Number(process.env['STREAMS_UNDER_FIRE'] ?? 40);
const seed = Number(process.env['STREAMS_SEED'] ?? 7);
const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['api'], env: { LEASE_SECONDS: '2', WORKER_CONCURRENCY: '30' } });
  client = await gateway.openAccount('viewers', '1000');
});
afterAll(() => gateway.close());

/** A streamed job of some two seconds; every fourth has its provider's stream cut in the middle, once. */
async function submit(index: number, random: Random): Promise<string> {
  const model = models[index % models.length] ?? '';
  const fallback = models[(index + 1) % models.length] ?? '';
  const markers = [`[[length:${random.between(100, 400)}]]`, `[[chunk_delay:${random.between(80, 200)}]]`];
  if (index % 4 === 0) markers.push(`[[fault:cut at=${random.between(2, 9)} times=1]]`);
  const more = random.chance(0.5) ? { fallbacks: [fallback] } : {};
  const text = `watched ${index} 👩‍👩‍👧 ${markers.join(' ')}`;
  const { status, json } = await client.call(
    'POST /v1/jobs',
    jobBody(text, { model, max_tokens: 2000, stream: true, ...more }),
  );
  expect(status).toBe(202);
  return json.id;
}

/**
 * Everything about a view that cannot be (an id twice or left out, text missing or repeated), and the text it
 * came to.
 */
function validator(jobId: string, view: View): { wrong: string[]; text: string } {
  const job = newWatchedJob(jobId);
  for (const event of view.events) applyEvent(job, event);
  return { wrong: job.wrong, text: job.output.text(0) };
}

/**
 * Ids left out before a reset: what an attempt that died before its first event, or a lost log, may have
 * used.
 */
const jumpsOf = ({ events }: View) =>
  events.filter(({ id }, at) => at > 0 && Number(id) !== Number(events[at - 1]?.id) + 1).length;

test(
  'whatever cuts a stream, every viewer comes to the text that is stored, without a gap or a repetition',
  async () => {
    const random = seededRandom(seed);
    const apis = [gateway.url, (await gateway.spawn('api')).url];
    const workers = [await gateway.spawn('workers'), await gateway.spawn('workers')];
    let deltas = 0;
    const ids = await Promise.all(
      Array.from({ length: streams }, (_, index) => submit(index, random.fork(`job ${index}`))),
    );
    const options = (jobId: string, more: Partial<ViewOptions> = {}): ViewOptions => ({
      jobId,
      key: client.key,
      urls: () => apis,
      random: random.fork(jobId).next,
      ...more,
    });
    const viewing = Promise.all(
      ids.map((jobId) =>
        viewToEnd(
          options(jobId, {
            cutProbability: 0.2,
            onEvent: ({ type }) => {
              if (type === 'output.delta') deltas += 1;
            },
          }),
        ),
      ),
    );

    // Every text comes in about a dozen pieces: two workers and an API die while most are on their way.
    await waitFor('the first texts', () => deltas > streams * 2);
    await workers[0]?.kill('SIGKILL');
    workers.push(await gateway.spawn('workers'));
    await waitFor('more texts', () => deltas > streams * 4);
    await gateway.processes()[1]?.kill('SIGKILL');
    apis[1] = (await gateway.spawn('api')).url;
    await waitFor('more texts', () => deltas > streams * 6);
    await workers[1]?.kill('SIGKILL');

    const views = await viewing;
    const texts = new Map<string, string>();
    let resets = 0;
    for (const [index, view] of views.entries()) {
      const jobId = ids[index] ?? '';
      const job = await whenEnded(client, jobId);
      expect(job.status).toBe('succeeded');
      const { wrong, text } = validator(jobId, view);
      expect(wrong).toEqual([]);
      expect(text).toBe(job.result.choices[0].message.content);
      texts.set(jobId, text);
      resets += view.events.filter(({ type }) => type === 'output.reset').length;
      for (const url of apis)
        expect(await statusAfter(url, client.key, jobId, Number(view.events.at(-1)?.id))).toBe(204);
    }
    expect(resets).toBeGreaterThan(streams / 4);
    const cuts = views.reduce((sum, view) => sum + view.cuts, 0);
    const jumps = views.reduce((sum, view) => sum + jumpsOf(view), 0);
    const connections = views.reduce((sum, view) => sum + view.connections, 0);
    console.info(
      `${streams} streams, seed ${seed}: ${cuts} cuts by viewers, ${connections} connections, ${resets} texts begun anew, ${jumps} of them with a jump`,
    );

    await expectWhole('after the end', false, (jobId) => viewToEnd(options(jobId)));
    // As if the day for which events are kept was over, or Redis had been lost.
    await removeKeys(gateway.redis, 'job_');
    await expectWhole('after its events are gone', true, (jobId) => viewToEnd(options(jobId)));
    await expectWhole('in the middle of what is gone', true, (jobId) =>
      viewToEnd(options(jobId, { after: 3 })),
    );

    async function expectWhole(
      when: string,
      hasNoLog: boolean,
      view: (jobId: string) => Promise<View>,
    ): Promise<void> {
      await Promise.all(
        ids.map(async (jobId) => {
          const seen = await view(jobId);
          const { text } = validator(jobId, seen);
          expect(seen.events.some(({ type }) => type === 'output.snapshot')).toBe(hasNoLog);
          expect(text, `who arrives ${when}`).toBe(texts.get(jobId));
        }),
      );
    }
  },
  60_000 + streams * 300,
);
