import type { Limits } from '../platform/config/quotas.ts';
import { createGroupCommit } from '../platform/group-commit/group-commit.ts';
import type { Database } from '../platform/postgres/database.ts';
import { groupFaultOf } from '../platform/postgres/database-errors.ts';
import { retryWhileUnavailable } from '../platform/postgres/retry-while-unavailable.ts';
import { acceptJobs, type IntakeVerdict, type JobIntake } from './sql/accept-jobs.ts';
import { type JobEnding, type JobRequeue, requeueJobs, settleJobs } from './sql/settle-jobs.ts';

export type Ledger = {
  /**
   * Stores a job and opens its hold, or says why not. Resolves after the commit. When the commit's answer is
   * lost it looks again, for a moment; a rejection then leaves open whether the job was stored.
   */
  acceptJob(intake: JobIntake): Promise<IntakeVerdict>;
  /**
   * Ends a job and closes its share of the hold: what it cost is charged, the rest released, the result, the
   * final state and the webhook owed are stored. False when somebody else ended it first: then nothing
   * happened. The same ending given twice happens once and is true both times.
   */
  settleJob(ending: JobEnding): Promise<boolean>;
  /**
   * Puts a running job back to wait for another call; its hold stays. False when it is no longer the
   * caller's.
   */
  requeueJob(item: JobRequeue): Promise<boolean>;
};

/** A client waits for its answer: a database that is away for longer is its business. */
const intakeMaxWaitMs = 1500;
/**
 * A statement waits for a balance that somebody has locked: a moment when others share it, longer when it is
 * only for that account. Everything of ours that locks a balance gives it back within milliseconds.
 */
const lockWaitMs = { shared: 200, alone: 2000 };
const waitOf = (isShared: boolean) => (isShared ? lockWaitMs.shared : lockWaitMs.alone);

/**
 * The only mover of a job's money. (A batch's one hold is opened and its lines released by
 * money/sql/batch-holds.ts.) Concurrent calls share statements (see group-commit.ts); each statement is one
 * transaction, so money, state and what is owed change together.
 */
export function createLedger(
  sql: Database,
  limits: Pick<Limits, 'unfinished_jobs' | 'idempotency_keys'>,
): Ledger {
  const faultOf = groupFaultOf;
  const laneOf = ({ accountId }: { accountId: string }) => accountId;
  const accept = createGroupCommit<JobIntake, IntakeVerdict>({
    commit: (intakes, isShared) => acceptJobs(sql, intakes, limits, waitOf(isShared)),
    bytesOf: (intake) => intake.request.length + intake.targets.length + 600,
    faultOf,
    laneOf,
  });
  return {
    acceptJob: (intake) => retryWhileUnavailable(() => accept(intake), { maxWaitMs: intakeMaxWaitMs }),
    settleJob: createGroupCommit<JobEnding, boolean>({
      commit: (endings, isShared) => settleJobs(sql, endings, waitOf(isShared)),
      bytesOf: (ending) => (ending.result?.length ?? 0) + (ending.event?.body.length ?? 0) + 800,
      faultOf,
      laneOf,
    }),
    requeueJob: createGroupCommit<JobRequeue, boolean>({
      commit: (returns) => requeueJobs(sql, returns),
      bytesOf: () => 400,
      faultOf,
    }),
  };
}
