import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Found, type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';
import { addTickets, deleteTickets, type TicketQueue } from '../../shared/queue/queue.ts';
import { capacityOf } from '../../shared/queue/rules/window.ts';
import { type BacklogLook, revokeTickets, ticketJobs } from '../../shared/queue/sql/tickets.ts';
import { sumConcurrency } from '../../shared/queue/sql/workers.ts';

export type DispatcherDeps = {
  sql: Database;
  leadership: Pick<Leadership, 'lead' | 'freeInMs'>;
  queue: TicketQueue;
  look(provider: string): Promise<BacklogLook>;
  log: Log;
  isPaused(provider: string): boolean;
  metrics: Pick<Metrics, 'ticketsIssued'>;
};

/** How often the backlog is looked at without a signal: while jobs come or wait for others, and at rest. */
const pace = { quickMs: 100, restMs: 5000 };
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

  async function dispatch(isQuick: boolean): Promise<Found> {
    if (deps.isPaused(provider)) return false;
    const role = `dispatch:${provider}`;
    if (!(await deps.leadership.lead(role, isQuick ? pace.quickMs : pace.restMs))) {
      return { isBusy: false, dueInMs: deps.leadership.freeInMs(role) };
    }
    if (isQuick) return await fillWindow();
    const { isDue, isUnderWay, dueInMs } = await deps.look(provider);
    if (!isDue) return { isBusy: false, dueInMs };
    const found = await fillWindow();
    // What is due and has no ticket now gets one when another job ends, perhaps in another process.
    return found || { isBusy: isUnderWay, dueInMs };
  }

  /** True when the window was filled at once, and there may be more; its tickets are work in any case. */
  async function fillWindow(): Promise<Found> {
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
    return tickets.length >= capacity || (tickets.length > 0 && { isBusy: true, dueInMs: null });
  }

  async function revokeStale(): Promise<number> {
    if (Date.now() - revokedAt < revokeMs) return 0;
    revokedAt = Date.now();
    const tickets = await revokeTickets(deps.sql, provider);
    await deleteTickets(deps.queue, tickets);
    return tickets.length;
  }

  return startLoop(pace, dispatch, deps.log, `dispatch ${provider}`);
}
