import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import type { Loop } from '../../../src/shared/platform/loop.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { openRedis, type RedisConnection } from '../../../src/shared/platform/redis/redis.ts';
import { openQueue, type TicketQueue, ticketId } from '../../../src/shared/queue/queue.ts';
import { type BacklogLook, lookAtBacklogs } from '../../../src/shared/queue/sql/tickets.ts';
import { recordWorker } from '../../../src/shared/queue/sql/workers.ts';
import { type DispatcherDeps, startDispatcher } from '../../../src/workers/dispatch/dispatcher.ts';
import { createTestDatabase } from '../../support/database.ts';
import { testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';
import { plantWaitingJobs } from '../../support/waiting-jobs.ts';

const settings = testRedis();
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
let redis: RedisConnection;
let dispatcher: Loop | null = null;
const queues: TicketQueue[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  redis = openRedis(settings, 'blocking', () => undefined);
});
afterEach(async () => {
  await dispatcher?.stop();
  await sql`delete from workers`;
});
afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.close()));
  redis.disconnect();
  await sql.end();
  await database.drop();
});

/** A dispatcher of a provider of its own, with its queue, and the rounds that it began. */
async function start(
  provider: string,
  change: Partial<DispatcherDeps> = {},
  maxConcurrency: number | null = null,
) {
  const queue = openQueue(redis, settings.prefix, provider);
  queues.push(queue);
  await queue.waitUntilReady();
  const state = { rounds: 0, metrics: createMetrics(), queue };
  dispatcher = startDispatcher(
    {
      sql,
      queue,
      look: async (name) => (await lookAtBacklogs(sql, [name]))[0] as BacklogLook,
      leadership: {
        freeInMs: () => 0,
        lead: async () => {
          state.rounds += 1;
          return true;
        },
      },
      log: createLog('silent', 'test'),
      isPaused: () => false,
      metrics: state.metrics,
      ...change,
    },
    { provider, leaseSeconds: 30, maxConcurrency },
  );
  return state;
}

const countTicketed = async (provider: string) => {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::integer as n from jobs where provider = ${provider} and state = 'ticketed'`;
  return row?.n;
};

test('a window of twice what the workers can run is filled, and each job in it has its ticket', async () => {
  await recordWorker(sql, { id: 'wrk_1', concurrency: 2 });
  await plantWaitingJobs(sql, 10, { provider: 'alpha' });
  const { queue, metrics } = await start('alpha');
  await waitFor('the window', async () => (await queue.getPrioritizedCount()) === 4);
  const rows = await sql<{ id: string; generation: number }[]>`
    select id, generation from jobs where provider = 'alpha' and state = 'ticketed'`;
  for (const row of rows) expect(await queue.getJob(ticketId(row))).toBeDefined();
  expect(rows).toHaveLength(4);
  expect((await metrics.ticketsIssued.get()).values).toMatchObject([
    { labels: { provider: 'alpha' }, value: 4 },
  ]);
});

test('what the provider allows at once bounds the window', async () => {
  await recordWorker(sql, { id: 'wrk_1', concurrency: 50 });
  await plantWaitingJobs(sql, 10, { provider: 'beta' });
  const { queue } = await start('beta', {}, 1);
  await waitFor('the window', async () => (await queue.getPrioritizedCount()) === 2);
  expect(await countTicketed('beta')).toBe(2);
});

test('a process that does not lead dispatches nothing', async () => {
  await recordWorker(sql, { id: 'wrk_1', concurrency: 2 });
  await plantWaitingJobs(sql, 1, { provider: 'gamma' });
  let asked = 0;
  await start('gamma', {
    leadership: {
      freeInMs: () => 0,
      lead: async () => {
        asked += 1;
        return false;
      },
    },
  });
  await waitFor('three rounds', () => asked >= 3);
  expect(await countTicketed('gamma')).toBe(0);
});

test('a provider that is paused gets no tickets', async () => {
  await recordWorker(sql, { id: 'wrk_1', concurrency: 2 });
  await plantWaitingJobs(sql, 1, { provider: 'delta' });
  let asked = 0;
  await start('delta', {
    isPaused: () => {
      asked += 1;
      return true;
    },
  });
  await waitFor('three rounds', () => asked >= 3);
  expect(await countTicketed('delta')).toBe(0);
});

test('without a worker nothing is dispatched', async () => {
  await plantWaitingJobs(sql, 1, { provider: 'epsilon' });
  const state = await start('epsilon');
  await waitFor('three rounds', () => state.rounds >= 3);
  expect(await countTicketed('epsilon')).toBe(0);
});
