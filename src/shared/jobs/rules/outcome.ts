import type { Answer, Failure, FailureReason } from '../../chat/call-result.ts';
import type { ChatCompletion } from '../../chat/chat.ts';
import type { Usage } from '../../chat/usage.ts';
import { backoffMs } from './backoff.ts';
import type { JobError } from './job.ts';

/** What is stored of an attempt when it closes. */
export type AttemptOutcome = 'succeeded' | 'refused' | 'failed' | 'unknown';

/** What one answer means for its job. */
export type Outcome =
  | { kind: 'succeeded'; completion: ChatCompletion; usage: Usage | null }
  /**
   * Another call: on the target with this index, after the delay. `counts` says whether it uses up an
   * attempt.
   */
  | { kind: 'again'; target: number; delayMs: number; counts: boolean; failure: Failure }
  | { kind: 'failed'; error: JobError; failure: Failure };

type Again = Extract<Outcome, { kind: 'again' }>;

/** What the decision depends on, besides the answer. */
export type Tried = {
  /** Calls made that count, this one included. */
  tries: number;
  maxAttempts: number;
  /** All calls made, this one included. */
  attempts: number;
  target: number;
  targets: number;
  /**
   * Whether a client that reads the answer as it comes has had some of it: no other call can go on where this
   * one broke off.
   */
  outputWasSent?: boolean;
};

/** A throttle that is over this soon is waited for; a longer one sends the job to its next target. */
export const shortWaitMs = 5000;

/** A call that was refused before it did anything: says nothing about the job, so it uses up no attempt. */
const free: ReadonlySet<FailureReason> = new Set(['throttled', 'unreachable', 'exhausted']);

/**
 * Decides what an answer means. The only place that knows the policy of retries and fallbacks:
 * - a request that can never succeed fails at once, and so does an answer that broke off after some of it was
 *   told;
 * - a key that is refused goes to a fallback that was not tried yet, or fails; so does a model that its
 *   provider does not have, or has no longer;
 * - a short throttle is waited for where it is;
 * - everything else goes to the next target at once, and round again with back-off. Calls that were made
 *   count towards the attempts; refusals that did nothing are bounded by the deadline only. `random` is in
 *   [0, 1).
 */
export function decide(answer: Exclude<Answer, { kind: 'stopped' }>, tried: Tried, random: number): Outcome {
  if (answer.kind === 'completed') {
    return { kind: 'succeeded', completion: answer.completion, usage: answer.usage };
  }
  return decideFailure(answer.failure, tried, random);
}

/** The same for a call that did not complete. */
export function decideFailure(
  failure: Failure,
  tried: Tried,
  random: number,
): Exclude<Outcome, { kind: 'succeeded' }> {
  const { reason } = failure;
  if (reason === 'rejected' && !isModelGone(failure)) return failedWith('provider_rejected', failure);
  if (tried.outputWasSent === true) return failedWith(errorOf(failure), failure);
  const isLastTarget = tried.target + 1 >= tried.targets;
  const isSpent = tried.tries >= tried.maxAttempts;
  if (reason === 'auth' || reason === 'rejected') {
    return isLastTarget || isSpent ? failedWith(errorOf(failure), failure) : goOn(failure, tried, 0, true);
  }
  if (free.has(reason)) return waitOrGoOn(failure, tried, random);
  if (isSpent) {
    return failedWith(errorOf(failure), failure);
  }
  const delayMs = isLastTarget ? Math.max(failure.retryAfterMs ?? 0, backoffMs(tried.tries, random)) : 0;
  return goOn(failure, tried, delayMs, true);
}

function waitOrGoOn(failure: Failure, tried: Tried, random: number): Again {
  const waitMs =
    failure.retryAfterMs ?? (failure.reason === 'exhausted' ? 60_000 : backoffMs(tried.attempts, random));
  if (failure.reason === 'throttled' && waitMs <= shortWaitMs) {
    return { kind: 'again', target: tried.target, delayMs: waitMs, counts: false, failure };
  }
  const isLastTarget = tried.target + 1 >= tried.targets;
  if (!isLastTarget) return goOn(failure, tried, 0, false);
  // Having been round them all, the first one may be open again before the last one is.
  const delayMs = tried.targets === 1 ? waitMs : backoffMs(tried.attempts, random);
  return goOn(failure, tried, delayMs, false);
}

function goOn(failure: Failure, tried: Tried, delayMs: number, counts: boolean): Again {
  return { kind: 'again', target: (tried.target + 1) % tried.targets, delayMs, counts, failure };
}

/** The model is what is missing at this provider, and the request is not at fault. */
function isModelGone({ status, code }: Failure): boolean {
  return status === 404 || code === 'model_not_found' || code === 'model_decommissioned';
}

function errorOf({ reason }: Failure): JobError['type'] {
  if (free.has(reason)) return 'provider_unavailable';
  if (reason === 'rejected') return 'provider_rejected';
  if (reason === 'auth') return 'provider_auth';
  return reason === 'cut' ? 'outcome_unknown' : 'provider_failed';
}

function failedWith(type: JobError['type'], failure: Failure): Extract<Outcome, { kind: 'failed' }> {
  const { message, status, code } = failure;
  const error = { type, message, provider_status: status, ...(code !== null && { provider_code: code }) };
  return { kind: 'failed', error, failure };
}

/** How an attempt is recorded: certainly not executed, answered with an error, or nobody knows. */
export function attemptOutcome(reason: FailureReason): AttemptOutcome {
  if (reason === 'cut') return 'unknown';
  return reason === 'failed' ? 'failed' : 'refused';
}
