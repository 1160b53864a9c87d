import type { QueuedTicket, Ticket } from './records.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

/*
 * A queue that keeps its promises badly: it can lose a ticket or all of them, and hand one out twice or out
 * of order. A ticket whose lock was not renewed goes to another worker, as BullMQ's stall check does it.
 */

const ticketId = ({ job, generation }: Ticket) => `${job.id}_${generation}`;

/** Adding a ticket that is there changes nothing. */
export function addTicket(world: World, ticket: Ticket): void {
  const { queue } = world;
  if (world.meets('queueFlushed')) {
    queue.tickets.clear();
    queue.epoch = null;
  }
  const id = ticketId(ticket);
  if (world.meets('ticketLost') || queue.tickets.has(id)) return;
  queue.tickets.set(id, { ticket, state: 'waiting', fromMs: 0, lockUntilMs: 0 });
}

export function hasTicket({ queue }: World, ticket: Ticket): boolean {
  return queue.tickets.has(ticketId(ticket));
}

/** The next ticket, or null. */
export function takeTicket(world: World): Ticket | null {
  const found = availableTickets(world);
  const isOutOfTurn = found.length > 1 && world.meets('ticketOutOfTurn');
  const taken = isOutOfTurn ? world.random.pick(found) : found[0];
  if (taken === undefined) return null;
  if (!world.meets('ticketDoubled')) taken.state = 'active';
  taken.lockUntilMs = world.schedule.nowMs + timesMs.lease;
  return taken.ticket;
}

function availableTickets({ queue, schedule }: World): QueuedTicket[] {
  const found: QueuedTicket[] = [];
  for (const queued of queue.tickets.values()) {
    if (queued.state === 'active' && queued.lockUntilMs < schedule.nowMs) queued.state = 'waiting';
    if (queued.state === 'waiting' && queued.fromMs <= schedule.nowMs) found.push(queued);
  }
  return found;
}

export function renewLock({ queue, schedule }: World, ticket: Ticket): void {
  const queued = queue.tickets.get(ticketId(ticket));
  if (queued !== undefined) queued.lockUntilMs = schedule.nowMs + timesMs.lease;
}

/** The ticket waits in the queue for so long. */
export function putOffTicket({ queue, schedule }: World, ticket: Ticket, ms: number): void {
  const queued = queue.tickets.get(ticketId(ticket));
  if (queued === undefined) return;
  queued.state = 'waiting';
  queued.fromMs = schedule.nowMs + ms;
}

export function removeTicket({ queue }: World, ticket: Ticket): void {
  queue.tickets.delete(ticketId(ticket));
}
