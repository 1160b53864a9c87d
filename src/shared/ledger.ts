import { createGroupCommit } from './group-commit.ts';
import { acceptJobs, type IntakeVerdict, type JobIntake } from './sql/accept-jobs.ts';
import type { Database } from './sql/database.ts';
import { isDatabaseTransient } from './sql/database-errors.ts';
import { repeatWhileAway } from './sql/repeat.ts';
import { type JobEnding, type JobReturn, putBackJobs, settleJobs } from './sql/settle-jobs.ts';

export type Ledger = {
  /**
   * Stores a job and opens its hold, or says why not. Resolves after the commit. When the commit's answer is lost it looks
   * again, for a moment; a rejection then leaves open whether the job was stored.
   */
  openHold(intake: JobIntake): Promise<IntakeVerdict>;
  /**
   * Ends a job and closes its share of the hold: what it cost is charged, the rest released, the result, the final state
   * and the webhook owed are stored. False when somebody else ended it first: then nothing happened. The same ending given
   * twice happens once and is true both times.
   */
  settleHold(ending: JobEnding): Promise<boolean>;
  /** Puts a running job back to wait for another call; its hold stays. False when it is no longer the caller's. */
  keepHold(item: JobReturn): Promise<boolean>;
};

/** A client waits for its answer: a database that is away for longer is its business. */
const intakePatienceMs = 1500;

/**
 * The only mover of a job's money. Concurrent calls share statements (see group-commit.ts); each statement is one
 * transaction, so money, state and what is owed change together.
 */
export function createLedger(sql: Database, settings: { queueDepthLimit: number | null }): Ledger {
  const isolate = (error: unknown) => !isDatabaseTransient(error);
  const accept = createGroupCommit<JobIntake, IntakeVerdict>({
    commit: (intakes) => acceptJobs(sql, intakes, settings.queueDepthLimit),
    bytesOf: (intake) => intake.request.length + intake.targets.length + 600,
    isolate,
  });
  return {
    openHold: (intake) => repeatWhileAway(() => accept(intake), { patienceMs: intakePatienceMs }),
    settleHold: createGroupCommit<JobEnding, boolean>({
      commit: (endings) => settleJobs(sql, endings),
      bytesOf: (ending) => (ending.result?.length ?? 0) + (ending.event?.body.length ?? 0) + 800,
      isolate,
    }),
    keepHold: createGroupCommit<JobReturn, boolean>({
      commit: (returns) => putBackJobs(sql, returns),
      bytesOf: () => 400,
      isolate,
    }),
  };
}
