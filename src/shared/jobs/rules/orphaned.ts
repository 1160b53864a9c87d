import type { Failure } from '../../chat/call-result.ts';
import type { FinalState, JobError } from './job.ts';
import { decideFailure, type Outcome, type Tried } from './outcome.ts';

/** What counts for a job that nobody runs: whether it is still wanted, and in time. */
export type Orphaned = { cancel: boolean; late: boolean };

/**
 * A job that took this many workers with it is not given to another, unless workers are lost without it as
 * well.
 */
const lossesMax = 3;

/** How the call of a lost worker is recorded: nobody knows what it came to. */
export const lostFailure: Failure = {
  reason: 'cut',
  status: null,
  code: null,
  message: 'The worker that made the call was lost; what the provider did is unknown',
  retryAfterMs: null,
};

export const cancelledError: JobError = {
  type: 'cancelled',
  message: 'The job was cancelled',
  provider_status: null,
};
const expiredError: JobError = {
  type: 'expired',
  message: 'The deadline of the job passed before it was answered',
  provider_status: null,
};

/**
 * Why a job ends that is cancelled or past its deadline. `lastError` is how its last call ended: whoever
 * waited for nothing wants to know what for.
 */
export function stopError(job: Pick<Orphaned, 'cancel'> & { lastError?: string | null }): JobError {
  if (job.cancel) return cancelledError;
  if (!job.lastError) return expiredError;
  return { ...expiredError, message: `${expiredError.message}; its last call ended as ${job.lastError}` };
}

/** The error of a job that was lost with its worker this often: perhaps its answer is what ends them. */
const lostTooOften = (losses: number): JobError => ({
  type: 'outcome_unknown',
  message: `${losses} workers were lost while they made the call of this job; it is not tried again`,
  provider_status: null,
});

/**
 * What becomes of a running job whose lease ended. A lost call is an unknown one: the same policy decides, as
 * if the worker had reported. From the third loss on the job is to blame and ends, when more than half of the
 * workers that were lost since its first loss had it in hand: while machines die anyway, one that was struck
 * thrice was unlucky. `losses` are those before this one, `otherLosses` the workers that were lost without it
 * since the first; `random` is in [0, 1).
 */
export function decideOrphan(
  job: Orphaned & Tried & { losses: number; otherLosses: number },
  random: number,
): Exclude<Outcome, { kind: 'succeeded' }> {
  if (job.cancel || job.late) return { kind: 'failed', error: stopError(job), failure: lostFailure };
  const losses = job.losses + 1;
  if (losses >= lossesMax && losses > job.otherLosses)
    return { kind: 'failed', error: lostTooOften(losses), failure: lostFailure };
  return decideFailure(lostFailure, job, random);
}

/** The final state that goes with an error. */
export function stateOfError({ type }: JobError): Exclude<FinalState, 'succeeded'> {
  return type === 'cancelled' || type === 'expired' ? type : 'failed';
}
