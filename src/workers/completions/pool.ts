import { DelayedError, Worker } from 'bullmq';
import type { Log } from '../../shared/platform/log.ts';
import type { OutageLog } from '../../shared/platform/outage-log.ts';
import { isDatabaseTransient } from '../../shared/platform/postgres/database-errors.ts';
import {
  blockingReadMs,
  isRedisUnavailable,
  type RedisConnection,
  restingReadMs,
} from '../../shared/platform/redis/redis.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import { asBullConnection, queueName, queuePrefix, type Ticket } from '../../shared/queue/queue.ts';
import type { TicketEnd } from './run-job.ts';

export type PoolSettings = {
  provider: string;
  prefix: string;
  concurrency: number;
  leaseSeconds: number;
};

export type PoolDeps = {
  redis: RedisConnection;
  outages: OutageLog;
  log: Log;
  run(provider: string, ticket: Ticket): Promise<TicketEnd>;
  /**
   * BullMQ could not renew a ticket's lock: Redis lost it, or gave it to somebody else. Whether the job is
   * lost too only the lease in Postgres tells.
   */
  lockLost(): void;
};

/** A ticket whose run failed for want of a database or by a bug is tried again after this long. */
const retryMs = 1000;

/** A worker that had no ticket for so long is at rest. */
const restAfterMs = 10_000;

/**
 * Blocks in Redis no longer than a silent connection may go unnoticed, which BullMQ replaces a second after a
 * read should have ended; it would block for ten seconds while tickets are delayed. At rest it asks less
 * often. It returns nothing: results never enter Redis.
 */
class TicketWorker extends Worker<Ticket, void, 'completion'> {
  #tookAt = performance.now();

  took(): void {
    this.#tookAt = performance.now();
  }

  protected override getBlockTimeout(blockUntil: number): number {
    const isResting = performance.now() - this.#tookAt > restAfterMs;
    const maxMs = isResting ? restingReadMs : blockingReadMs;
    return Math.min(super.getBlockTimeout(blockUntil), maxMs / 1000);
  }
}

/**
 * The BullMQ worker of one provider: turns tickets into runs, and the end of a run into BullMQ's words, only
 * here. It never counts attempts and never fails a ticket for what happened to its job: Postgres knows both.
 */
export function startPool(
  deps: PoolDeps,
  settings: PoolSettings,
): { stop(timeoutMs: number): Promise<void> } {
  const lockDuration = settings.leaseSeconds * 1000;
  const worker: TicketWorker = new TicketWorker(
    queueName(settings.provider),
    // Two parameters: for a third one BullMQ would make an abort controller for each ticket.
    async (ticket, token) => {
      worker.took();
      // Redis kept the ticket's position and lost its text, as one that evicts does: the job gets another.
      if ((ticket.data as Partial<Ticket>).id === undefined) return;
      const end = await deps.run(settings.provider, ticket.data).catch((error: unknown): TicketEnd => {
        // A server that is unavailable is logged once by its connection, and not by every ticket.
        const isUnavailable = isRedisUnavailable(error) || isDatabaseTransient(error);
        deps.log[isUnavailable ? 'debug' : 'error']({ job_id: ticket.data.id, error }, 'run failed');
        return { kind: 'wait', waitMs: retryMs };
      });
      if (end.kind !== 'wait') return;
      const spreadMs = Math.round(Math.random() * Math.min(100, end.waitMs));
      await ticket.moveToDelayed(Date.now() + end.waitMs + spreadMs, token);
      throw new DelayedError();
    },
    {
      connection: asBullConnection(deps.redis),
      prefix: queuePrefix(settings.prefix, settings.provider),
      concurrency: settings.concurrency,
      drainDelay: restingReadMs / 1000,
      runRetryDelay: retryMs,
      lockDuration,
      stalledInterval: Math.max(1000, Math.round(lockDuration / 2)),
      maxStalledCount: 1_000_000,
      // For a ticket that lost its text, which says the same.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  const source = `worker of ${settings.provider}`;
  worker.on('error', (error) => deps.outages.failed(source, error));
  worker.on('ready', () => deps.outages.recovered(source));
  worker.on('lockRenewalFailed', deps.lockLost);
  return {
    // close() never resolves while Redis is unavailable, so it is raced with a timer; the process exits
    // afterwards.
    stop: (timeoutMs) => waitAtMost(timeoutMs, worker.close()),
  };
}
