import { randomUUID } from 'node:crypto';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Found, type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { readFact, recordFact } from '../../shared/platform/postgres/installation.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';
import type { RedisConnection } from '../../shared/platform/redis/redis.ts';
import { clearMissingTickets } from '../../shared/queue/missing-tickets.ts';
import { addTickets, type TicketQueue } from '../../shared/queue/queue.ts';
import { listTicketed, type TicketRow } from '../../shared/queue/sql/tickets.ts';

export type ReconcilerDeps = {
  sql: Database;
  leadership: Pick<Leadership, 'lead' | 'freeInMs'>;
  redis: RedisConnection;
  prefix: string;
  queues: ReadonlyMap<string, TicketQueue>;
  log: Log;
  metrics: Pick<Metrics, 'jobsRepaired'>;
};

/** Quick after a signal that jobs came: a ticket may be lost then. */
const pace = { quickMs: 1000, restMs: 5000 };
/** A ticket this old should be in Redis, or be running. */
const staleMs = 3000;
const pageSize = 1000;

/**
 * Gives every ticketed job its ticket back when Redis lost it. Two signs: the epoch, a value kept in both
 * stores, differs (Redis was emptied or replaced), and then every ticketed job is looked at; or a job has
 * been ticketed for seconds and its ticket is nowhere where it would be taken. Two tickets of a job are
 * harmless: one claim wins.
 */
export function startReconciler(deps: ReconcilerDeps): Loop {
  async function reconcile(isQuick: boolean): Promise<Found> {
    if (!(await deps.leadership.lead('reconcile', isQuick ? pace.quickMs : pace.restMs))) {
      return { isBusy: false, dueInMs: deps.leadership.freeInMs('reconcile') };
    }
    const epoch = await readFact(deps.sql, 'epoch');
    const key = `${deps.prefix}:epoch`;
    const seen = await deps.redis.get(key);
    if (epoch !== null && epoch === seen) {
      return { isBusy: (await replaceMissing(staleMs)) > 0, dueInMs: null };
    }
    const added = await replaceMissing(0);
    const next = epoch ?? randomUUID();
    await recordFact(deps.sql, 'epoch', next);
    await deps.redis.set(key, next);
    if (epoch !== null)
      deps.log.warn({ tickets: added }, 'redis lost its data; tickets were given out again');
    return { isBusy: true, dueInMs: null };
  }

  async function replaceMissing(olderThanMs: number): Promise<number> {
    let added = 0;
    let after = '';
    const failures: unknown[] = [];
    for (;;) {
      const page = await listTicketed(deps.sql, { olderThanMs, after, limit: pageSize });
      await failpoint('reconcile.listed');
      for (const [provider, queue] of deps.queues) {
        const tickets = page.filter((ticket) => ticket.provider === provider);
        // In a cluster one provider's node may be unavailable while the others answer.
        const replaced = await replace(provider, queue, tickets).catch((error: unknown) => {
          failures.push(error);
          return 0;
        });
        added += replaced;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) break;
      after = last.id;
    }
    if (failures.length > 0) throw failures[0];
    return added;
  }

  async function replace(provider: string, queue: TicketQueue, tickets: TicketRow[]): Promise<number> {
    const missing = await clearMissingTickets(deps.redis, deps.prefix, provider, tickets);
    if (missing.length === 0) return 0;
    await addTickets(queue, missing);
    deps.metrics.jobsRepaired.inc({ reason: 'ticket_missing' }, missing.length);
    return missing.length;
  }

  return startLoop(pace, reconcile, deps.log, 'reconcile');
}
