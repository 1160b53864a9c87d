import { type FinalState, isFinal, type JobState } from './job.ts';

/**
 * Which moves a job may make, from each state. A final job makes none, ever; a job that is not running ends
 * only because nobody wants it any more. The trigger of migrations/functions/refuse_move.sql refuses every
 * other pair, whoever asks.
 */
export const legalJobMoves: Readonly<Record<JobState, readonly JobState[]>> = {
  waiting: ['ticketed', 'cancelled', 'expired'],
  ticketed: ['waiting', 'running', 'cancelled', 'expired'],
  running: ['waiting', 'succeeded', 'failed', 'cancelled', 'expired'],
  succeeded: [],
  failed: [],
  cancelled: [],
  expired: [],
};

/**
 * What decides who may move a job, out of all that is stored of it. Times are in ms on the database's clock.
 */
export type JobCore = {
  state: JobState;
  /** Grows each time the job goes back to waiting; a ticket names the one it was made for. */
  generation: number;
  /** Calls made, which is also the fence: only the holder of the newest number may write. */
  attempts: number;
  /** Those of them that count. */
  tries: number;
  /** Null unless running. */
  leaseUntilMs: number | null;
  /** Not called before. */
  runAtMs: number;
  /** Its place among its account's jobs, which it keeps: when it was first due. */
  queuedAtMs: number;
  deadlineAtMs: number;
  cancelRequested: boolean;
};

export type JobMove =
  | { kind: 'ticket' }
  | { kind: 'claim'; generation: number; leaseMs: number }
  /** `delayMs` is 0 when the job goes to another target that may be open. */
  | { kind: 'returnTicket'; generation: number; delayMs: number }
  /** While its provider is paused: the job waits where it was. */
  | { kind: 'withdrawTicket'; generation: number }
  /** By the dispatcher, whatever the generation: the job waits where it was. */
  | { kind: 'revokeTicket' }
  | { kind: 'extendLease'; fence: number; leaseMs: number }
  | { kind: 'requeue'; fence: number; delayMs: number; counts: boolean }
  /** With no fence, the job ends without running. */
  | { kind: 'end'; fence: number | null; state: FinalState }
  | { kind: 'requestCancel' };

/**
 * The job after a move, or null when the move may not be made and nothing changes. What the statements of
 * claim-jobs, settle-jobs and jobs do to a row, without the row; a test makes the same moves in Postgres and
 * compares.
 */
export function moveJob(job: JobCore, move: JobMove, nowMs: number): JobCore | null {
  switch (move.kind) {
    case 'ticket':
      return job.state === 'waiting' && job.runAtMs <= nowMs ? { ...job, state: 'ticketed' } : null;
    case 'claim':
      return claim(job, move, nowMs);
    case 'returnTicket':
      return releaseTicket(job, move.generation, nowMs + move.delayMs);
    case 'withdrawTicket':
      return releaseTicket(job, move.generation, job.runAtMs);
    case 'revokeTicket':
      return revokeTicket(job);
    case 'extendLease':
      return isRunBy(job, move.fence) ? { ...job, leaseUntilMs: nowMs + move.leaseMs } : null;
    case 'requeue':
      return isRunBy(job, move.fence) ? requeue(job, move, nowMs) : null;
    case 'end':
      return mayEnd(job, move) ? { ...job, state: move.state, leaseUntilMs: null } : null;
    case 'requestCancel':
      return isFinal(job.state) ? null : { ...job, cancelRequested: true };
  }
}

/** The ticket must be the newest, and the job still wanted and in time. */
function claim(job: JobCore, move: Extract<JobMove, { kind: 'claim' }>, nowMs: number): JobCore | null {
  if (!hasTicket(job, move.generation) || job.cancelRequested || job.deadlineAtMs <= nowMs) return null;
  const leaseUntilMs = nowMs + move.leaseMs;
  return { ...job, state: 'running', attempts: job.attempts + 1, tries: job.tries + 1, leaseUntilMs };
}

function requeue(job: JobCore, move: Extract<JobMove, { kind: 'requeue' }>, nowMs: number): JobCore {
  const tries = move.counts ? job.tries : job.tries - 1;
  return { ...waitAgain(job, nowMs + move.delayMs), tries };
}

function releaseTicket(job: JobCore, generation: number, runAtMs: number): JobCore | null {
  return hasTicket(job, generation) ? waitAgain(job, runAtMs) : null;
}

function revokeTicket(job: JobCore): JobCore | null {
  return job.state === 'ticketed' ? waitAgain(job, job.runAtMs) : null;
}

function waitAgain(job: JobCore, runAtMs: number): JobCore {
  return { ...job, state: 'waiting', generation: job.generation + 1, leaseUntilMs: null, runAtMs };
}

function hasTicket(job: JobCore, generation: number): boolean {
  return job.state === 'ticketed' && job.generation === generation;
}

/**
 * An ended lease takes nothing away by itself: until somebody else moves the job, it is still its worker's.
 */
function isRunBy(job: JobCore, fence: number): boolean {
  return job.state === 'running' && job.attempts === fence;
}

function mayEnd(job: JobCore, { fence, state }: Extract<JobMove, { kind: 'end' }>): boolean {
  const isTheirs = fence === null ? !isFinal(job.state) && job.state !== 'running' : isRunBy(job, fence);
  return isTheirs && legalJobMoves[job.state].includes(state);
}

/** A running job whose lease ended: its worker is gone, or slower than its lease. */
export function isOrphaned(job: JobCore, nowMs: number): boolean {
  return job.state === 'running' && job.leaseUntilMs !== null && job.leaseUntilMs < nowMs;
}

/**
 * A job that is not running and should not run any more: past its deadline, or asked to stop between two
 * calls.
 */
export function isOverdue(job: JobCore, nowMs: number): boolean {
  const isQueued = job.state === 'waiting' || job.state === 'ticketed';
  return isQueued && (job.deadlineAtMs <= nowMs || job.cancelRequested);
}

/** Money set aside. A batch's hold stays open when nothing is left of it, since more of its jobs may come. */
export type Hold = { remainingNano: bigint; isBatch: boolean; isClosed: boolean };

/**
 * The hold without the share of a job that ended; it closes with its last share. Null when it is closed
 * already or has less left than the share: then the share was released before.
 */
export function releaseShare(hold: Hold, shareNano: bigint): Hold | null {
  if (hold.isClosed || shareNano > hold.remainingNano) return null;
  const remainingNano = hold.remainingNano - shareNano;
  return { ...hold, remainingNano, isClosed: remainingNano === 0n && !hold.isBatch };
}
