import type { JobEvents } from '../../shared/events/job-events.ts';
import type { Ledger } from '../../shared/jobs/ledger.ts';
import { cancelledError } from '../../shared/jobs/rules/orphaned.ts';
import { endingOf } from '../../shared/jobs/settlement.ts';
import { findEndableJobs, requestCancels, type StoppableJob } from '../../shared/jobs/sql/stoppable-jobs.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';

export type CancelDeps = {
  sql: Database;
  ledger: Pick<Ledger, 'settleJob'>;
  signals: Pick<Signals, 'publish'>;
  events: Pick<JobEvents, 'announce'>;
};

/** Cancels one job of an account. True when it ended here and now, uncharged; see cancelMany. */
export async function cancelOne(deps: CancelDeps, accountId: string, jobId: string): Promise<boolean> {
  return (await cancelMany(deps, accountId, [jobId])) === 1;
}

/**
 * Cancels jobs of an account, with a few statements for all of them. Says how many ended here and now,
 * uncharged; for the others a worker was asked to stop them (or they ended otherwise meanwhile). A job that
 * starts or stops running in between is caught by the request to stop, which every claim and every sweep
 * looks at.
 */
export async function cancelMany(deps: CancelDeps, accountId: string, jobIds: string[]): Promise<number> {
  const endable = await findEndableJobs(deps.sql, accountId, jobIds);
  const tries = await Promise.allSettled(endable.map((job) => end(deps, job)));
  const ended = new Set(
    tries.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : [])),
  );
  const others = jobIds.filter((id) => !ended.has(id));
  if (others.length > 0) await requestStop(deps, others);
  const failed = tries.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ended.size;
}

/** The id of the job when it ended. */
async function end(deps: CancelDeps, job: StoppableJob): Promise<string | null> {
  const ending = endingOf(job, {
    state: 'cancelled',
    fence: null,
    error: cancelledError,
    charge: null,
    attempt: null,
    result: null,
    eventSeq: null,
    now: new Date(),
  });
  if (!(await deps.ledger.settleJob(ending))) return null;
  deps.events.announce(job.id);
  if (job.announces) deps.signals.publish('deliveries');
  return job.id;
}

async function requestStop(deps: CancelDeps, jobIds: string[]): Promise<void> {
  const asked = await requestCancels(deps.sql, jobIds);
  await failpoint('cancel.recorded');
  for (const id of asked) deps.signals.publish('cancel', id);
}
