import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { openRedis, type RedisConnection } from '../../../src/shared/platform/redis/redis.ts';
import { clearMissingTickets } from '../../../src/shared/queue/missing-tickets.ts';
import { addTickets, openQueue, type TicketQueue, ticketId } from '../../../src/shared/queue/queue.ts';
import type { TicketRow } from '../../../src/shared/queue/sql/tickets.ts';
import { startPool } from '../../../src/workers/completions/pool.ts';
import { testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';

const settings = testRedis();
const ticket = (n: number): TicketRow => ({
  id: `job_${n}`,
  generation: 1,
  priority: 7,
  model: 'openai/gpt-5-mini',
  tokens: 10,
});

let redis: RedisConnection;
let queue: TicketQueue;
beforeAll(async () => {
  redis = openRedis(settings, 'blocking', () => undefined);
  queue = openQueue(redis, settings.prefix, 'openai');
  await queue.waitUntilReady();
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
});

const find = async (...tickets: TicketRow[]): Promise<string[]> => {
  const missing = await clearMissingTickets(redis, settings.prefix, 'openai', tickets);
  return missing.map(({ id }) => id);
};
const textOf = ({ id, generation }: TicketRow) => queue.toKey(ticketId({ id, generation }));
const waits = async (one: TicketRow) =>
  (await redis.zscore(queue.toKey('prioritized'), ticketId(one))) !== null;

describe('a ticket', () => {
  it('that waits, is in hand or comes later is not missing', async () => {
    const tickets = [ticket(1), ticket(2), ticket(3)];
    await addTickets(queue, tickets);
    await redis.zadd(queue.toKey('delayed'), Date.now() + 60_000, ticketId(ticket(2)));
    await redis.zrem(queue.toKey('prioritized'), ticketId(ticket(2)), ticketId(ticket(3)));
    await redis.lpush(queue.toKey('active'), ticketId(ticket(3)));
    expect(await find(...tickets)).toEqual([]);
    expect(await waits(ticket(1))).toBe(true);
  });

  it.each([
    { what: 'is gone', lose: (one: TicketRow) => queue.remove(ticketId(one)) },
    { what: 'has its text left and no place', lose: () => redis.del(queue.toKey('prioritized')) },
    { what: 'has its place left and no text', lose: (one: TicketRow) => redis.del(textOf(one)) },
    {
      what: 'has its place left and of its text what BullMQ wrote last',
      lose: async (one: TicketRow) => {
        await redis.del(textOf(one));
        await redis.hset(textOf(one), 'processedOn', Date.now());
      },
    },
    {
      what: 'was put away as failed',
      lose: async (one: TicketRow) => {
        await redis.zrem(queue.toKey('prioritized'), ticketId(one));
        await redis.zadd(queue.toKey('failed'), Date.now(), ticketId(one));
      },
    },
  ])('that $what is missing until it is added again', async ({ lose }) => {
    const [lost, beside] = [ticket(11), ticket(12)];
    await addTickets(queue, [lost]);
    await lose(lost);
    await addTickets(queue, [beside]);
    expect(await find(beside, lost)).toEqual(['job_11']);
    await addTickets(queue, [lost]);
    expect(await find(beside, lost)).toEqual([]);
    expect(await waits(lost)).toBe(true);
    await queue.drain(true);
  });

  it('of another generation says nothing of this one', async () => {
    await addTickets(queue, [ticket(21)]);
    expect(await find({ ...ticket(21), generation: 2 })).toEqual(['job_21']);
  });
});

it('a worker takes no ticket that lost its text, and runs the job once it has another', async () => {
  const [lost, next] = [ticket(31), ticket(32)];
  await queue.obliterate({ force: true });
  await addTickets(queue, [lost, next]);
  await redis.del(textOf(lost));
  const ran: string[] = [];
  const pool = startPool(
    {
      redis,
      outages: { failed: () => undefined, recovered: () => undefined },
      log: createLog('silent', 'test'),
      run: async (_provider, { id }) => {
        ran.push(id);
        return { kind: 'void' };
      },
      lockLost: () => undefined,
    },
    { provider: 'openai', prefix: settings.prefix, concurrency: 1, leaseSeconds: 30 },
  );
  await waitFor('the other', () => ran.length > 0);
  expect(ran).toEqual(['job_32']);
  expect(await find(lost)).toEqual(['job_31']);
  await addTickets(queue, [lost]);
  await waitFor('the lost one', () => ran.length > 1);
  expect(ran).toEqual(['job_32', 'job_31']);
  await pool.stop(5000);
  // BullMQ was not told by its text that it leaves nothing behind.
  expect(await queue.getJobCounts('completed', 'failed', 'active')).toEqual({
    completed: 0,
    failed: 0,
    active: 0,
  });
});
