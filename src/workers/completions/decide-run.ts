import type { Answer } from '../../shared/chat/call-result.ts';
import { toCompletionUsage } from '../../shared/chat/usage.ts';
import type { FinalState, JobError } from '../../shared/jobs/rules/job.ts';
import { decideFailure } from '../../shared/jobs/rules/outcome.ts';
import type { AttemptRecord, ChargeRecord } from '../../shared/jobs/sql/settle-jobs.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { completedAttempt, failedAttempt, stoppedAttempt } from './attempt-record.ts';
import { chargeOf, mayHaveRun, usageOfWhole, usageSoFar } from './charge-call.ts';
import type { ClaimedJob } from './claim.ts';

/** A call that has ended, and what else counts for its job. */
export type EndedCall = {
  job: ClaimedJob;
  answer: Answer;
  /** The job was cancelled while the call ran, whether or not the call was broken off. */
  isCancelled: boolean;
  /** A client that reads along has had some of the output: no other call can go on in the middle of it. */
  outputWasSent: boolean;
};

/** What shall be written for a run. */
export type Decision =
  | {
      kind: 'settle';
      state: FinalState;
      error: JobError | null;
      charge: ChargeRecord | null;
      attempt: AttemptRecord;
      result: string | null;
    }
  /** Another call, of the target with this index; `counts` is whether this one uses up a try. */
  | { kind: 'requeue'; target: number; delayMs: number; counts: boolean; attempt: AttemptRecord }
  /** Another process has the job: nothing is written. */
  | { kind: 'drop' };

/**
 * Decides what the end of a call means for its job: final, with its charge, or another call. Which failures
 * are tried again, where and when, is the policy of `decideFailure`. Pure; `random` is in [0, 1).
 */
export function decideRun(call: EndedCall, random: number): Decision {
  const { answer } = call;
  if (answer.kind === 'completed') return decideCompleted(call, answer);
  if (answer.kind === 'stopped') return decideStopped(call, answer);
  return call.isCancelled ? decideCancelled(call, answer) : decideFailed(call, answer, random);
}

/** A whole answer is paid for and can be read, also by an account that had cancelled its job meanwhile. */
function decideCompleted(
  { job, isCancelled }: EndedCall,
  answer: Extract<Answer, { kind: 'completed' }>,
): Decision {
  const used = usageOfWhole(job, answer.billed ?? answer.completion, answer.usage);
  const charge = chargeOf(job, used);
  const usage = answer.completion.usage ?? toCompletionUsage(used.usage);
  return {
    kind: 'settle',
    ...(isCancelled ? endedAs('cancelled') : { state: 'succeeded', error: null }),
    charge,
    attempt: completedAttempt(job, answer, charge),
    result: writeJson({ ...answer.completion, usage }),
  };
}

function decideFailed(
  { job, outputWasSent }: EndedCall,
  answer: Extract<Answer, { kind: 'failed' }>,
  random: number,
): Decision {
  const tried = {
    tries: job.tries,
    maxAttempts: job.maxAttempts,
    attempts: job.attempts,
    target: job.targetIndex,
    targets: job.targets.length,
    outputWasSent,
  };
  const outcome = decideFailure(answer.failure, tried, random);
  const attempt = failedAttempt(job, answer);
  if (outcome.kind === 'failed') {
    return { kind: 'settle', state: 'failed', error: outcome.error, charge: null, attempt, result: null };
  }
  const { target, delayMs, counts } = outcome;
  return { kind: 'requeue', target, delayMs, counts, attempt };
}

/**
 * Nobody wants another call of a cancelled job. A refusal costs nothing; what any other produced is charged.
 */
function decideCancelled({ job }: EndedCall, answer: Extract<Answer, { kind: 'failed' }>): Decision {
  const { failure, produced } = answer;
  const charge = mayHaveRun(failure, produced) ? chargeOf(job, usageSoFar(job, produced)) : null;
  const attempt = failedAttempt(job, answer);
  return { kind: 'settle', ...endedAs('cancelled'), charge, attempt, result: null };
}

/**
 * Cancelled and expired jobs end here, and so do those whose answer went beyond a limit of ours, which it
 * would do again: charged for what was reported or seen. A job whose process closes is called once more
 * elsewhere, unless its client has had the first part of another answer.
 */
function decideStopped(
  { job, isCancelled, outputWasSent }: EndedCall,
  answer: Extract<Answer, { kind: 'stopped' }>,
): Decision {
  const { reason, produced } = answer;
  if (reason === 'lost') return { kind: 'drop' };
  const charge = chargeOf(job, usageSoFar(job, produced));
  const attempt = stoppedAttempt(job, answer, charge);
  const rest = { attempt, result: null };
  if (isCancelled || reason === 'cancelled')
    return { kind: 'settle', ...endedAs('cancelled'), charge, ...rest };
  if (reason === 'expired') return { kind: 'settle', ...endedAs('expired'), charge, ...rest };
  if (reason === 'limit') return { kind: 'settle', ...unfinished(sentence(answer.limit)), charge, ...rest };
  if (outputWasSent) return { kind: 'settle', ...unfinished(closedMidway), charge: null, ...rest };
  return { kind: 'requeue', target: job.targetIndex, delayMs: 0, counts: false, attempt };
}

const closedMidway = 'The gateway closed in the middle of the answer';

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** The end of a job whose call we ended ourselves, with this message for its account. */
function unfinished(message: string): { state: 'failed'; error: JobError } {
  return { state: 'failed', error: { type: 'outcome_unknown', message, provider_status: null } };
}

const stopMessages = {
  cancelled: 'The job was cancelled while it ran',
  expired: 'The deadline of the job passed while it ran',
};

/** The end of a job that was stopped while it ran, as its account reads it. */
function endedAs(state: 'cancelled' | 'expired'): { state: FinalState; error: JobError } {
  return { state, error: { type: state, message: stopMessages[state], provider_status: null } };
}
