import { attemptId } from '../../shared/ids.ts';
import { extendLeases } from '../../shared/jobs/sql/claim-jobs.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { retryWhileUnavailable } from '../../shared/platform/postgres/retry-while-unavailable.ts';
import { resultWithin } from '../../shared/platform/wait-at-most.ts';
import type { Gate } from '../../shared/queue/gate.ts';
import { recordWorker } from '../../shared/queue/sql/workers.ts';
import type { ClaimedJob } from './claim.ts';
import type { Runs } from './runs.ts';

export type HeartbeatDeps = { sql: Database; runs: Runs; gate: Pick<Gate, 'keepSlots'>; log: Log };

/**
 * Keeps the leases of everything this process runs, in one statement, three times a lease; and records that
 * the process is alive. A run whose lease could not be extended has lost its job and is stopped; a request to
 * cancel comes the same way when the signal was lost. Leases come first and wait for nothing else: not for
 * Redis, and not for one connection to Postgres that has fallen silent, since the statement is made again on
 * another.
 */
export function startHeartbeat(
  deps: HeartbeatDeps,
  worker: { id: string; concurrency: number; leaseSeconds: number },
): Loop {
  const leaseMs = worker.leaseSeconds * 1000;
  const soon = <Answer>(ask: () => Promise<Answer>): Promise<Answer> =>
    retryWhileUnavailable(() => resultWithin(leaseMs / 6, ask(), 'postgres'), { maxWaitMs: leaseMs / 3 });

  async function keepLeases(jobs: ClaimedJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const asked = jobs.map((job) => ({ id: job.id, attempt: job.attempts }));
    const kept = await soon(() => extendLeases(deps.sql, asked, worker.leaseSeconds));
    const byAttempt = new Map(kept.map((lease) => [attemptId(lease.id, lease.attempt), lease]));
    for (const job of jobs) {
      const lease = byAttempt.get(attemptId(job.id, job.attempts));
      if (lease === undefined) deps.runs.stop(job.id, 'lost', job.attempts);
      else if (lease.cancel) deps.runs.stop(job.id, 'cancelled', job.attempts);
    }
  }

  function keepSlots(jobs: ClaimedJob[]): void {
    for (const provider of new Set(jobs.map((job) => job.provider))) {
      const slots = jobs.filter((job) => job.provider === provider).map((job) => job.ticketId);
      void deps.gate.keepSlots(provider, slots);
    }
  }

  async function beat(): Promise<undefined> {
    const jobs = deps.runs.list();
    keepSlots(jobs);
    const [leases, sign] = await Promise.allSettled([
      keepLeases(jobs),
      soon(() => recordWorker(deps.sql, worker)),
    ]);
    for (const part of [leases, sign]) if (part.status === 'rejected') throw part.reason;
  }
  return startLoop(leaseMs / 3, beat, deps.log, 'heartbeat');
}
