import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import type { Loop } from '../../../src/shared/platform/loop.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { readFact } from '../../../src/shared/platform/postgres/installation.ts';
import { openRedis, type RedisConnection } from '../../../src/shared/platform/redis/redis.ts';
import { openQueue, type TicketQueue } from '../../../src/shared/queue/queue.ts';
import { ticketJobs } from '../../../src/shared/queue/sql/tickets.ts';
import { startReconciler } from '../../../src/workers/maintenance/reconciler.ts';
import { createTestDatabase } from '../../support/database.ts';
import { plantWaitingJobs } from '../../support/planted-tickets.ts';
import { removeKeys, testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';

const settings = testRedis();
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
let redis: RedisConnection;
let queue: TicketQueue;
let reconciler: Loop | null = null;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  redis = openRedis(settings, 'blocking', () => undefined);
  queue = openQueue(redis, settings.prefix, 'openai');
  await queue.waitUntilReady();
});
beforeEach(async () => {
  await sql`delete from job_requests`;
  await sql`delete from jobs`;
  await removeKeys(settings);
});
afterEach(() => reconciler?.stop());
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await sql.end();
  await database.drop();
});

/** Jobs that are ticketed in Postgres and have no ticket in Redis. */
async function loseTickets(count: number): Promise<void> {
  await plantWaitingJobs(sql, count);
  await ticketJobs(sql, 'openai', count);
}

function start(leads = true) {
  const metrics = createMetrics();
  const state = { metrics, rounds: 0 };
  reconciler = startReconciler({
    sql,
    redis,
    prefix: settings.prefix,
    queues: new Map([['openai', queue]]),
    leadership: {
      lead: async () => {
        state.rounds += 1;
        return leads;
      },
    },
    log: createLog('silent', 'test'),
    metrics,
  });
  return state;
}

const epochInRedis = () => redis.get(`${settings.prefix}:epoch`);

test('when Redis was emptied every ticketed job gets its ticket at once, and the epochs agree again', async () => {
  await loseTickets(3);
  const { metrics } = start();
  await waitFor('the tickets', async () => (await queue.getPrioritizedCount()) === 3);
  await waitFor('the epoch', async () => (await epochInRedis()) !== null);
  expect(await epochInRedis()).toBe(await readFact(sql, 'epoch'));
  expect((await metrics.jobsRepaired.get()).values).toMatchObject([
    { labels: { reason: 'ticket_missing' }, value: 3 },
  ]);
});

test('while the epochs agree only tickets of some age are looked for', async () => {
  const state = start();
  await waitFor('the epoch', async () => (await epochInRedis()) !== null);
  await loseTickets(2);
  const [young] = await sql<{ id: string }[]>`select id from jobs order by id limit 1`;
  await sql`update jobs set ticketed_at = now() - interval '10 seconds' where id <> ${young?.id}`;
  await sql`update jobs set ticketed_at = now() + interval '1 hour' where id = ${young?.id}`;
  reconciler?.wake();
  await waitFor('the old ticket', async () => (await queue.getPrioritizedCount()) === 1);
  const { rounds } = state;
  reconciler?.wake();
  await waitFor('another round', () => state.rounds > rounds + 1);
  expect(await queue.getPrioritizedCount()).toBe(1);
});

test('a process that does not lead gives out no tickets', async () => {
  await loseTickets(1);
  const state = start(false);
  await waitFor('two rounds', () => {
    reconciler?.wake();
    return state.rounds >= 2;
  });
  expect(await queue.getPrioritizedCount()).toBe(0);
});
