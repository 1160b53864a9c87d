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
import { removeKeys, testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';
import { plantWaitingJobs } from '../../support/waiting-jobs.ts';

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

/** A reconciler that leads for so many rounds; `rounds` counts those that it began. */
function start(roundsLed: number) {
  const state = { metrics: createMetrics(), rounds: 0 };
  reconciler = startReconciler({
    sql,
    redis,
    prefix: settings.prefix,
    queues: new Map([['openai', queue]]),
    leadership: {
      freeInMs: () => 0,
      lead: async () => {
        state.rounds += 1;
        return state.rounds <= roundsLed;
      },
    },
    log: createLog('silent', 'test'),
    metrics: state.metrics,
  });
  return state;
}

/** Waits until the rounds that it led have ended. */
const waitForRounds = (state: { rounds: number }, led: number) =>
  waitFor('its rounds', () => {
    reconciler?.wake();
    return state.rounds > led;
  });
const epochInRedis = () => redis.get(`${settings.prefix}:epoch`);

test('when Redis was emptied every ticketed job gets its ticket at once, and the epochs agree again', async () => {
  await loseTickets(3);
  const state = start(1);
  await waitForRounds(state, 1);
  expect(await queue.getPrioritizedCount()).toBe(3);
  expect(await epochInRedis()).not.toBeNull();
  expect(await epochInRedis()).toBe(await readFact(sql, 'epoch'));
  expect((await state.metrics.jobsRepaired.get()).values).toMatchObject([
    { labels: { reason: 'ticket_missing' }, value: 3 },
  ]);
});

test('while the epochs agree only tickets of some age are looked for', async () => {
  await waitForRounds(start(1), 1);
  await reconciler?.stop();
  await loseTickets(2);
  const [old] = await sql<{ id: string }[]>`select id from jobs order by id limit 1`;
  await sql`
    update jobs
    set ticketed_at = now() - case when id = ${old?.id} then interval '10 seconds' else '0' end`;
  await waitForRounds(start(1), 1);
  const tickets = await queue.getPrioritized();
  expect(tickets.map(({ data }) => data.id)).toEqual([old?.id]);
});

test('a ticket that is there is not added again', async () => {
  await loseTickets(1);
  await waitForRounds(start(1), 1);
  await reconciler?.stop();
  await sql`update jobs set ticketed_at = now() - interval '10 seconds'`;
  const state = start(1);
  await waitForRounds(state, 1);
  expect((await state.metrics.jobsRepaired.get()).values).toEqual([]);
});

test('a process that does not lead gives out no tickets', async () => {
  await loseTickets(1);
  await waitForRounds(start(0), 1);
  expect(await queue.getPrioritizedCount()).toBe(0);
});
