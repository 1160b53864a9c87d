import { attemptId } from '../../shared/domain/ids.ts';
import { every, type Loop } from '../../shared/every.ts';
import type { Gate } from '../../shared/gate.ts';
import type { Database } from '../../shared/sql/database.ts';
import { extendLeases, recordWorker } from '../../shared/sql/run-jobs.ts';
import type { Log } from '../../shared/telemetry.ts';
import type { Runs } from './runs.ts';

export type HeartbeatDeps = { sql: Database; runs: Runs; gate: Pick<Gate, 'keepSlots'>; log: Log };

/**
 * Keeps the leases of everything this process runs, in one statement, three times a lease; and says that the process is
 * alive. A run whose lease is not given back lost its job and is stopped; a wish to cancel comes the same way when the
 * hint did not.
 */
export function startHeartbeat(
  deps: HeartbeatDeps,
  worker: { id: string; concurrency: number; leaseSeconds: number },
): Loop {
  async function beat(): Promise<undefined> {
    await recordWorker(deps.sql, worker);
    const jobs = deps.runs.list();
    if (jobs.length === 0) return;
    const asked = jobs.map((job) => ({ id: job.id, attempt: job.attempts }));
    const kept = await extendLeases(deps.sql, asked, worker.leaseSeconds);
    const byAttempt = new Map(kept.map((lease) => [attemptId(lease.id, lease.attempt), lease]));
    for (const job of jobs) {
      const lease = byAttempt.get(attemptId(job.id, job.attempts));
      if (lease === undefined) deps.runs.stop(job.id, 'lost', job.attempts);
      else if (lease.cancel) deps.runs.stop(job.id, 'cancelled', job.attempts);
    }
    for (const provider of new Set(jobs.map((job) => job.provider))) {
      const slots = jobs.filter((job) => job.provider === provider).map((job) => job.ticketId);
      await deps.gate.keepSlots(provider, slots);
    }
  }
  return every((worker.leaseSeconds * 1000) / 3, beat, deps.log, 'heartbeat');
}
