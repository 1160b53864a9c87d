import type { Ledger } from '../../shared/jobs/ledger.ts';
import { endingOf } from '../../shared/jobs/settlement.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import type { ClaimedJob } from './claim.ts';
import type { Decision } from './decide-run.ts';

/** What a run came to: its job is final, waits for another call, or belonged to another process by then. */
export type Finish = { kind: 'settled'; ending: JobEnding } | { kind: 'requeued' } | { kind: 'dropped' };

export type FinishDeps = {
  ledger: Pick<Ledger, 'settleJob' | 'requeueJob'>;
  /** Repeats a write while the database is unavailable; gives up only when the process ends. */
  persist<Result>(write: () => Promise<Result>): Promise<Result>;
};

/**
 * Writes what was decided for a run, in one transaction: the attempt, the charge, the release, the result,
 * the final state and the webhook owed; or the attempt and the way back to the backlog. Only the newest
 * attempt of a job may; a late one changes nothing and is dropped. `lastEventSeq` is the id of the last event
 * that the call wrote.
 */
export async function finishJob(
  deps: FinishDeps,
  job: ClaimedJob,
  decision: Decision,
  lastEventSeq: number,
): Promise<Finish> {
  if (decision.kind === 'drop') return { kind: 'dropped' };
  if (decision.kind === 'settle') return await settle(deps, job, decision, lastEventSeq);
  return await requeue(deps, job, decision, lastEventSeq);
}

async function settle(
  deps: FinishDeps,
  job: ClaimedJob,
  { state, error, charge, attempt, result }: Extract<Decision, { kind: 'settle' }>,
  lastEventSeq: number,
): Promise<Finish> {
  // The ending is built once: a repeat after a lost connection must write the same, byte for byte.
  const ending = endingOf(job, {
    state,
    error,
    charge,
    attempt,
    result,
    fence: job.attempts,
    eventSeq: lastEventSeq + 1,
    now: new Date(),
  });
  const isSettled = await deps.persist(() => deps.ledger.settleJob(ending));
  return isSettled ? { kind: 'settled', ending } : { kind: 'dropped' };
}

async function requeue(
  deps: FinishDeps,
  job: ClaimedJob,
  { target: index, delayMs, counts, attempt }: Extract<Decision, { kind: 'requeue' }>,
  lastEventSeq: number,
): Promise<Finish> {
  const target = job.targets[index] ?? job.target;
  const moved = await deps.persist(() =>
    deps.ledger.requeueJob({
      jobId: job.id,
      fence: job.attempts,
      provider: target.provider,
      targetModel: target.model,
      target: index,
      delayMs,
      counts,
      eventSeq: lastEventSeq,
      attempt,
    }),
  );
  return { kind: moved ? 'requeued' : 'dropped' };
}
