import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import {
  letDuplicatesRest,
  openRedis,
  type RedisConnection,
} from '../../../src/shared/platform/redis/redis.ts';
import { addTickets, openQueue, type Ticket, type TicketQueue } from '../../../src/shared/queue/queue.ts';
import { startPool } from '../../../src/workers/completions/pool.ts';
import type { TicketEnd } from '../../../src/workers/completions/run-job.ts';
import { testRedis } from '../../support/redis.ts';
import { startRelay } from '../../support/relay.ts';
import { waitFor } from '../../support/wait-for.ts';

const settings = testRedis();
let redis: RedisConnection;
let queue: TicketQueue;
let pool: ReturnType<typeof startPool>;
beforeAll(async () => {
  redis = openRedis(settings, 'blocking', () => undefined);
  queue = openQueue(redis, settings.prefix, 'openai');
  await queue.waitUntilReady();
});
afterEach(() => pool.stop(3000));
afterAll(async () => {
  await queue.close();
  redis.disconnect();
});

/** A pool whose runs end like this; gives the tickets that it ran. */
function start(run: (ticket: Ticket, nth: number) => Promise<TicketEnd>, connection = redis): Ticket[] {
  const ran: Ticket[] = [];
  pool = startPool(
    {
      redis: connection,
      outages: { failed: () => undefined, recovered: () => undefined },
      log: createLog('silent', 'test'),
      run: (_provider, ticket) => run(ticket, ran.push(ticket)),
      lockLost: () => undefined,
    },
    { provider: 'openai', prefix: settings.prefix, concurrency: 2, leaseSeconds: 30 },
  );
  return ran;
}

const add = (id: string) =>
  addTickets(queue, [{ id, generation: 1, priority: 7, model: 'openai/a', tokens: 10 }]);
const countLeft = async () => Object.values(await queue.getJobCounts()).reduce((sum, n) => sum + n, 0);

test('a ticket that ran is gone, whatever became of its job', async () => {
  const ran = start(async () => ({ kind: 'ran', finish: 'dropped' }));
  await add('job_1');
  await waitFor('the run', () => ran.length === 1);
  expect(ran[0]).toEqual({ id: 'job_1', generation: 1, priority: 7, model: 'openai/a', tokens: 10 });
  await waitFor('the ticket to be gone', async () => (await countLeft()) === 0);
});

test('a ticket that is to wait comes again, and is not counted as failed', async () => {
  const ran = start(async (_ticket, nth) => (nth === 1 ? { kind: 'wait', waitMs: 20 } : { kind: 'void' }));
  await add('job_2');
  await waitFor('the second run', () => ran.length === 2);
  await waitFor('the ticket to be gone', async () => (await countLeft()) === 0);
});

test('a ticket whose run fails comes again', async () => {
  const ran = start((_ticket, nth) =>
    nth === 1 ? Promise.reject(new Error('a bug')) : Promise.resolve({ kind: 'void' }),
  );
  await add('job_3');
  await waitFor('the second run', () => ran.length === 2);
});

test.each([
  { what: 'had a ticket a moment ago', sinceMs: 0 },
  { what: 'is at rest', sinceMs: 60_000 },
])(
  'a worker that $what takes tickets again when its connections have fallen silent',
  async ({ sinceMs }) => {
    const relay = await startRelay(settings.url ?? '');
    const connection = letDuplicatesRest(
      openRedis({ ...settings, url: relay.url }, 'blocking', () => undefined),
    );
    const ran = start(async () => ({ kind: 'void' }), connection);
    await add('job_before');
    await waitFor('the first run', () => ran.length === 1);
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + sinceMs);
    await waitFor('its reads', async () => relay.silenceOpen() > 0);
    await add('job_after');
    await waitFor('the second run', () => ran.length === 2);
    clock.mockRestore();
    await pool.stop(3000);
    connection.disconnect();
    await relay.close();
  },
  30_000,
);
