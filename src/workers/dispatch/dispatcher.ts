import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';
import { addTickets, deleteTickets, type TicketQueue } from '../../shared/queue/queue.ts';
import { capacityOf } from '../../shared/queue/rules/window.ts';
import { revokeTickets, ticketJobs } from '../../shared/queue/sql/tickets.ts';
import { sumConcurrency } from '../../shared/queue/sql/workers.ts';

export type DispatcherDeps = {
  sql: Database;
  leadership: Pick<Leadership, 'lead'>;
  queue: TicketQueue;
  log: Log;
  isPaused(provider: string): boolean;
  metrics: Pick<Metrics, 'ticketsIssued'>;
};

/** Without a signal, the backlog is looked at this often. */
const pollMs = 100;
/** The number of live workers is counted again after this long. */
const capacityAgeMs = 1000;
/** Tickets that should no longer run next are looked for this often. */
const revokeMs = 250;

/**
 * Keeps the window of one provider full: moves waiting jobs to ticketed, fairly, and tickets them in BullMQ.
 * Postgres first, Redis after: a process that dies between the two leaves a ticketed job without a ticket,
 * which the reconciler finds, or a ticket without a job, which whoever takes it finds void. `maxConcurrency`
 * is what the provider allows at once.
 */
export function startDispatcher(
  deps: DispatcherDeps,
  settings: { provider: string; leaseSeconds: number; maxConcurrency: number | null },
): Loop {
  const { provider } = settings;
  let capacity = 0;
  let countedAt = 0;
  let revokedAt = 0;

  async function dispatch(): Promise<boolean> {
    if (deps.isPaused(provider) || !(await deps.leadership.lead(`dispatch:${provider}`))) return false;
    if (Date.now() - countedAt > capacityAgeMs) {
      capacity = capacityOf(await sumConcurrency(deps.sql, settings), settings.maxConcurrency);
      countedAt = Date.now();
    }
    if (capacity === 0) return false;
    const revoked = await revokeStale();
    const tickets = await ticketJobs(deps.sql, provider, capacity, revoked);
    if (tickets.length > 0) {
      deps.metrics.ticketsIssued.inc({ provider }, tickets.length);
      await failpoint('dispatch.ticketed');
      await addTickets(deps.queue, tickets);
      await failpoint('dispatch.added');
    }
    return tickets.length >= capacity;
  }

  async function revokeStale(): Promise<number> {
    if (Date.now() - revokedAt < revokeMs) return 0;
    revokedAt = Date.now();
    const tickets = await revokeTickets(deps.sql, provider);
    await deleteTickets(deps.queue, tickets);
    return tickets.length;
  }

  return startLoop(pollMs, dispatch, deps.log, `dispatch ${provider}`);
}
