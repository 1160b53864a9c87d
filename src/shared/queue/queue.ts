import { type ConnectionOptions, Queue } from 'bullmq';
import type { RedisConnection } from '../platform/redis/redis.ts';
import { resultWithin } from '../platform/wait-at-most.ts';
import type { TicketKey, TicketRow } from './sql/tickets.ts';

/**
 * A ticket: a message in BullMQ that says which job may run now. It carries no text, no key and no tenant;
 * losing it loses nothing. What BullMQ calls a job is a ticket everywhere in this code.
 */
export type Ticket = {
  /** Job id. */
  id: string;
  generation: number;
  /** What the gate needs to know before the job is claimed. */
  model: string;
  tokens: number;
  /** Its place in the queue, which is also that at the gate. */
  priority: number;
};

export type TicketQueue = Queue<Ticket, void, 'completion'>;

/**
 * The name of a provider's queue; a provider's keys share one hash slot, so each queue may live on its own
 * node.
 */
export function queueName(provider: string): string {
  return `completions-${provider}`;
}

export function queuePrefix(prefix: string, provider: string): string {
  return `${prefix}:{${provider}}`;
}

/** Two tickets of one job and generation are one ticket: adding it again while it exists changes nothing. */
export function ticketId(ticket: TicketKey): string {
  return `${ticket.id}_${ticket.generation}`;
}

/** BullMQ wants its own view of the connection type; ioredis instances of both kinds are what it takes. */
export function asBullConnection(redis: RedisConnection): ConnectionOptions {
  return redis as unknown as ConnectionOptions;
}

/** Opens a provider's queue on a connection that waits for Redis; the connection stays the caller's. */
export function openQueue(redis: RedisConnection, prefix: string, provider: string): TicketQueue {
  const queue: TicketQueue = new Queue(queueName(provider), {
    connection: asBullConnection(redis),
    prefix: queuePrefix(prefix, provider),
    streams: { events: { maxLen: 1000 } },
  });
  return queue;
}

/**
 * The queue's connection waits for Redis; its callers have more to do. What is asked of it is done later all
 * the same.
 */
const queueMsMax = 4000;

/**
 * Adds tickets; those that are there already stay as they are. Not atomic, so a failure may have added some
 * of them, and one for want of an answer may yet add all.
 */
export async function addTickets(queue: TicketQueue, tickets: TicketRow[]): Promise<void> {
  const adding = queue.addBulk(
    tickets.map(({ id, generation, priority, model, tokens }) => ({
      name: 'completion' as const,
      data: { id, generation, model, tokens, priority },
      opts: { jobId: ticketId({ id, generation }), priority, removeOnComplete: true, removeOnFail: true },
    })),
  );
  await resultWithin(queueMsMax, adding, 'redis');
}

/** Takes tickets out of the queue. One that a worker has in hand stays: it will find itself void. */
export async function deleteTickets(queue: TicketQueue, tickets: TicketKey[]): Promise<void> {
  // All are asked, whatever comes of one: a ticket that stays is void.
  const removing = Promise.allSettled(tickets.map((ticket) => queue.remove(ticketId(ticket))));
  await resultWithin(queueMsMax, removing, 'redis');
}
