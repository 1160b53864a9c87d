import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJobWatcher, type JobWatcher } from '../../../src/api/watch/job-watcher.ts';
import { createJobEvents, type JobEvents } from '../../../src/shared/events/job-events.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { openRedis, type RedisConnection } from '../../../src/shared/platform/redis/redis.ts';
import { openSubscriber } from '../../../src/shared/platform/redis/subscriber.ts';
import { openWatchedJobs, type Seen, type WatchedJobs } from './watched-jobs.ts';

/** Nothing listens here. */
const nowhere = { url: 'redis://127.0.0.1:1', clusterNodes: null, prefix: 'test' };

let jobs: WatchedJobs;
let connections: RedisConnection[];
let events: JobEvents;
let watcher: JobWatcher;
beforeAll(async () => {
  jobs = await openWatchedJobs();
  const log = createLog('silent', 'test');
  connections = [
    openRedis(nowhere, 'commands', () => undefined),
    openRedis(nowhere, 'blocking', () => undefined),
  ];
  const [redis, connection] = connections as [RedisConnection, RedisConnection];
  const subscriber = openSubscriber({ redis, connection, prefix: 'test' });
  events = createJobEvents({ redis, subscriber, prefix: 'test', log });
  watcher = createJobWatcher({ sql: jobs.owner, events, log });
});
afterAll(async () => {
  watcher.stop();
  for (const connection of connections) connection.disconnect();
  await jobs.close();
});

async function watch(jobId: string, after = 0): Promise<Seen[]> {
  const seen: Seen[] = [];
  const { signal } = new AbortController();
  await watcher.watch(
    { jobId, after, signal },
    {
      take: async (some) => {
        seen.push(...some.map(({ id, type, data }) => ({ id, type, data: JSON.parse(data) })));
      },
    },
  );
  return seen;
}

describe('while Redis is away', () => {
  it('a writer holds nobody up, and counts on', async () => {
    const jobId = await jobs.plant();
    const writer = events.openWriter({
      jobId,
      attempt: 1,
      provider: 'openai',
      model: 'openai/gpt-5-mini',
      stream: true,
      lastSeq: 1,
      createdAtMs: Date.now(),
    });
    const at = performance.now();
    writer.started();
    for (let n = 0; n < 1000; n++) writer.delta({ kind: 'text', choice: 0, text: 'x'.repeat(100) });
    events.announce(jobId);
    expect(performance.now() - at).toBeLessThan(100);
    const last = await writer.close();
    expect(performance.now() - at).toBeLessThan(1000);
    expect(last).toBeGreaterThanOrEqual(4);
  });

  it('the end of an answer whose events got nowhere has an id that no event before it can have had', async () => {
    const jobId = await jobs.plant();
    const writer = events.openWriter({
      jobId,
      attempt: 2,
      provider: 'openai',
      model: 'openai/gpt-5-mini',
      stream: true,
      lastSeq: 1,
      createdAtMs: Date.now() - 60_000,
    });
    writer.started();
    writer.delta({ kind: 'text', choice: 0, text: 'nobody saw this' });
    expect(await writer.close()).toBeGreaterThan(60_000);
  });

  it('a job that ended is told whole from Postgres', async () => {
    const jobId = await jobs.plant();
    await jobs.finish(jobId, { text: 'all of it', eventSeq: 30 });
    const seen = await watch(jobId);
    expect(seen.map(({ id, type }) => [id, type])).toEqual([
      [1, 'job.queued'],
      [29, 'output.snapshot'],
      [30, 'job.succeeded'],
    ]);
    expect(seen[1]?.data['text']).toBe('all of it');
    const job = await watcher.find(jobId);
    if (job === null) throw new Error('no job');
    expect(await watcher.isOver(job, 30)).toBe(true);
    expect(await watcher.isOver(job, 29)).toBe(false);
    expect((await watch(jobId, 29)).map(({ type }) => type)).toEqual(['job.succeeded']);
  });

  it('a viewer who was there already learns of the end', async () => {
    const jobId = await jobs.plant();
    const seen = watch(jobId);
    await jobs.finish(jobId, { text: 'late', eventSeq: 9 });
    expect((await seen).map(({ type }) => type)).toEqual(['job.queued', 'output.snapshot', 'job.succeeded']);
  });
});
