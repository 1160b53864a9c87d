import type { ClosedLog } from '../../shared/events/event-log.ts';
import type { JobEvents } from '../../shared/events/job-events.ts';
import { startedEventId } from '../../shared/events/rules/event.ts';
import type { Ledger } from '../../shared/jobs/ledger.ts';
import { isLiveStream, type JobError } from '../../shared/jobs/rules/job.ts';
import { decideOrphan, lostFailure, stateOfError, stopError } from '../../shared/jobs/rules/orphaned.ts';
import { endingOf } from '../../shared/jobs/settlement.ts';
import type { AttemptRecord } from '../../shared/jobs/sql/settle-jobs.ts';
import {
  listOrphanedJobs,
  listOverdueJobs,
  lostPrefix,
  msUntilOverdue,
  type OrphanedJob,
  type StoppableJob,
} from '../../shared/jobs/sql/stoppable-jobs.ts';
import { restoreTargets } from '../../shared/jobs/stored-targets.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Found, type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { isDatabaseTransient } from '../../shared/platform/postgres/database-errors.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';
import { createRetryDelays } from '../dispatch/retry-delays.ts';

export type ReaperDeps = {
  sql: Database;
  leadership: Pick<Leadership, 'lead' | 'freeInMs'>;
  ledger: Pick<Ledger, 'settleJob' | 'requeueJob'>;
  log: Log;
  events: Pick<JobEvents, 'announce' | 'closeLog'>;
  owesDelivery(): void;
  /** A job waits again. */
  requeued(): void;
  random(): number;
  metrics: Pick<Metrics, 'jobsRepaired'>;
};

const pageSize = 200;

/**
 * Ends or requeues what no worker will: running jobs whose lease ended (their worker is gone, its call's
 * outcome unknown), and jobs past their deadline or cancelled between two calls. After the database was
 * unavailable for a lease, every lease looks ended, so it waits one lease, in which those that live extend
 * theirs.
 */
export function startReaper(deps: ReaperDeps, settings: { leaseSeconds: number }): Loop {
  const leaseMs = settings.leaseSeconds * 1000;
  let lastRoundAt = Date.now();
  let lostAfter = 0;
  const delayed = createRetryDelays();

  // Never so rarely that its own rest looks like a database that was unavailable.
  const pace = { quickMs: Math.min(1000, leaseMs / 2), restMs: Math.min(5000, leaseMs / 2) };

  async function reap(isQuick: boolean): Promise<Found> {
    const leads = await deps.leadership.lead('reap', isQuick ? pace.quickMs : pace.restMs);
    const now = Date.now();
    if (now - lastRoundAt > leaseMs) lostAfter = now + leaseMs;
    lastRoundAt = now;
    if (!leads) return { isBusy: false, dueInMs: deps.leadership.freeInMs('reap') };
    const dueInMs = await msUntilOverdue(deps.sql);
    if (dueInMs === null || dueInMs > 0) return { isBusy: false, dueInMs };
    return (await sweep(now)) || { isBusy: true, dueInMs: null };
  }

  /** True when there is more than a page of what could be repaired. */
  async function sweep(now: number): Promise<boolean> {
    const overdue = await listOverdueJobs(deps.sql, { limit: pageSize, except: delayed.ids() });
    const ended = await repairEach(overdue, (job) => settle(deps, job, stopError(job), null));
    if (now < lostAfter) return false;
    const lost = await listOrphanedJobs(deps.sql, { limit: pageSize, except: delayed.ids(), ...settings });
    await failpoint('reap.listed');
    const repaired = await repairEach(lost, (job) => endLost(deps, job));
    return (overdue.length === pageSize && ended > 0) || (lost.length === pageSize && repaired > 0);
  }

  /** Repairs each by itself, so that one that fails delays no other; gives how many were repaired. */
  async function repairEach<Job extends StoppableJob>(
    jobs: Job[],
    repair: (job: Job) => Promise<void>,
  ): Promise<number> {
    const outcomes = await Promise.allSettled(jobs.map(repair));
    for (const [index, outcome] of outcomes.entries()) {
      const id = jobs[index]?.id ?? '';
      if (outcome.status === 'fulfilled') continue;
      const error: unknown = outcome.reason;
      // With the database unavailable it is nobody's own fault: all of them are looked at again.
      if (!isDatabaseTransient(error)) delayed.delay(id);
      deps.log.error({ job_id: id, error }, 'an orphaned job could not be ended');
    }
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  }

  return startLoop(pace, reap, deps.log, 'reap');
}

const lostAttempt = (provider: string): AttemptRecord => ({
  provider,
  outcome: 'unknown',
  status: null,
  error: `${lostPrefix}${lostFailure.message}`,
  usage: null,
  costNano: null,
});

/** What a lost call left behind: the id of the last event of its log, null when nobody knows it. */
type Lost = { lastSeq: number | null };

/** A lost call is an unknown one: the same policy decides, as if the worker had reported it. */
async function endLost(deps: ReaperDeps, job: OrphanedJob): Promise<void> {
  const targets = restoreTargets(job.targets);
  const log = job.stream ? await deps.events.closeLog(job.id, job.attempts) : null;
  const eventSeq = job.stream ? (log?.last ?? null) : startedEventId(job.attempts);
  const outputWasSent = isLiveStream(job) && mayHaveText(log);
  const outcome = decideOrphan({ ...job, targets: targets.length, outputWasSent }, deps.random());
  if (outcome.kind === 'failed') return settle(deps, job, outcome.error, { lastSeq: eventSeq });
  const target = targets[outcome.target];
  const moved = await deps.ledger.requeueJob({
    jobId: job.id,
    fence: job.attempts,
    provider: target?.provider ?? job.provider,
    targetModel: target?.model ?? job.model,
    target: outcome.target,
    delayMs: outcome.delayMs,
    counts: outcome.counts,
    eventSeq,
    attempt: lostAttempt(job.provider),
  });
  if (!moved) return;
  deps.requeued();
  deps.metrics.jobsRepaired.inc({ reason: 'lost' });
  deps.log.warn({ job_id: job.id, attempt: job.attempts }, 'a lost job waits again');
}

/**
 * A log that is unavailable or was lost may have had output. It counts as if it had: a call that fails and
 * costs nothing can be made again, one that goes on is charged for an answer that its client perhaps cannot
 * be given any more.
 */
function mayHaveText(log: ClosedLog | null): boolean {
  return log?.hasText !== false;
}

/** Ends a job, with the call that was lost if one was under way. */
async function settle(
  deps: ReaperDeps,
  job: StoppableJob,
  error: JobError,
  lost: Lost | null,
): Promise<void> {
  const lastSeq = lost?.lastSeq ?? null;
  const ending = endingOf(job, {
    state: stateOfError(error),
    fence: lost === null ? null : job.attempts,
    error,
    charge: null,
    attempt: lost === null ? null : lostAttempt(job.provider),
    result: null,
    eventSeq: lastSeq === null ? null : lastSeq + 1,
    now: new Date(),
  });
  if (!(await deps.ledger.settleJob(ending))) return;
  deps.metrics.jobsRepaired.inc({ reason: error.type });
  deps.events.announce(job.id);
  if (job.announces) deps.owesDelivery();
  deps.log.info({ job_id: job.id, state: ending.state }, 'an orphaned job ended');
}
