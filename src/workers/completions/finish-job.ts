import type { Answer, Failure, Produced } from '../../shared/chat/call-result.ts';
import { toCompletionUsage } from '../../shared/chat/usage.ts';
import type { Ledger } from '../../shared/jobs/ledger.ts';
import { isLiveStream, type JobError } from '../../shared/jobs/rules/job.ts';
import { attemptOutcome, decideFailure } from '../../shared/jobs/rules/outcome.ts';
import { type EndingFacts, endingOf } from '../../shared/jobs/settlement.ts';
import type { AttemptRecord } from '../../shared/jobs/sql/settle-jobs.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { chargeOf, costOfCall, usageOfWhole, usageSoFar } from './charge-call.ts';
import type { ClaimedJob } from './claim.ts';
import type { StopReason } from './runs.ts';

/** What a run came to: its job is final, waits for another call, or was somebody else's by then. */
export type Finish = 'final' | 'again' | 'dropped';

export type FinishDeps = {
  ledger: Pick<Ledger, 'settleJob' | 'requeueJob'>;
  /** Repeats a write while the database is away; gives up only when the process ends. */
  persist<Result>(write: () => Promise<Result>): Promise<Result>;
  random(): number;
};

/**
 * A finished call: what the provider answered, why we stopped it if we did, whether some of its output was
 * written as an event, and the id of the last event written.
 */
export type Called = {
  job: ClaimedJob;
  answer: Answer;
  stopReason: StopReason | null;
  wrote: boolean;
  lastEventSeq: number;
};

/**
 * Writes what a call came to, in one transaction: the attempt, the charge, the release, the result, the final
 * state and the webhook owed; or the attempt and the way back to the backlog. Only the newest attempt of a
 * job may; a late one changes nothing and is dropped.
 */
export async function finishJob(deps: FinishDeps, called: Called): Promise<Finish> {
  const { answer, job } = called;
  if (answer.kind === 'stopped') return finishStopped(deps, called, answer);
  // Nobody wants another call, or the answer of this one for an answer: but what it cost is owed, and it can
  // be read.
  if (called.stopReason === 'cancelled') {
    return answer.kind === 'completed'
      ? settle(deps, called, { ...endedAs('cancelled'), ...paidFor(job, answer) })
      : finishCancelled(deps, called, answer);
  }
  if (answer.kind === 'completed') {
    return settle(deps, called, { state: 'succeeded', error: null, ...paidFor(job, answer) });
  }
  const { failure, produced } = answer;
  const outcome = decideFailure(
    failure,
    {
      tries: job.tries,
      maxAttempts: job.maxAttempts,
      attempts: job.attempts,
      target: job.targetIndex,
      targets: job.targets.length,
      outputWasSent: outputWasSent(called),
    },
    deps.random(),
  );
  const attempt = failedAttempt(job, failure, produced);
  if (outcome.kind === 'again') return putBack(deps, called, outcome, attempt);
  return settle(deps, called, { state: 'failed', error: outcome.error, charge: null, attempt, result: null });
}

function outputWasSent({ job, wrote }: Called): boolean {
  return wrote && isLiveStream(job);
}

/** What a whole answer means, whatever the job ends as: its charge, its attempt and the result. */
function paidFor(
  job: ClaimedJob,
  { completion, usage: reported, serviceTier }: Extract<Answer, { kind: 'completed' }>,
) {
  const used = usageOfWhole(job, completion, reported);
  const charge = chargeOf(job, used);
  const attempt: AttemptRecord = {
    provider: job.provider,
    outcome: 'succeeded',
    status: 200,
    error: null,
    usage: charge.usage,
    costNano: charge.amountNano + charge.overrunNano,
    serviceTier,
  };
  const usage = completion.usage ?? toCompletionUsage(used.usage);
  return { charge, attempt, result: writeJson({ ...completion, usage }) };
}

/**
 * A call that failed after its job was cancelled: nothing is owed for a refusal, what came is for the rest.
 */
async function finishCancelled(
  deps: FinishDeps,
  called: Called,
  { failure, produced }: Extract<Answer, { kind: 'failed' }>,
): Promise<Finish> {
  const { job } = called;
  const charge = hasRun(failure, produced) ? chargeOf(job, usageSoFar(job, produced)) : null;
  const attempt = failedAttempt(job, failure, produced);
  return settle(deps, called, { ...endedAs('cancelled'), charge, attempt, result: null });
}

/**
 * Stopped by us. Cancelled and expired jobs end here, and so do those whose answer went beyond a limit of
 * ours, which it would do again: charged for what was reported or seen. A job that only lost its process goes
 * on elsewhere.
 */
async function finishStopped(
  deps: FinishDeps,
  called: Called,
  { produced, limit }: Extract<Answer, { kind: 'stopped' }>,
): Promise<Finish> {
  const { job, stopReason } = called;
  if (stopReason === 'lost') return 'dropped';
  const charge = chargeOf(job, usageSoFar(job, produced));
  const attempt: AttemptRecord = {
    provider: job.provider,
    outcome: 'unknown',
    status: null,
    error: `stopped: ${limit ?? stopReason ?? 'unknown'}`,
    usage: charge.usage,
    costNano: charge.amountNano + charge.overrunNano,
  };
  if (stopReason === 'cancelled' || stopReason === 'expired') {
    return settle(deps, called, { ...endedAs(stopReason), charge, attempt, result: null });
  }
  if (limit !== undefined) {
    const error: JobError = { type: 'outcome_unknown', message: sentence(limit), provider_status: null };
    return settle(deps, called, { state: 'failed', error, charge, attempt, result: null });
  }
  if (outputWasSent(called))
    return settle(deps, called, { ...brokenOff, charge: null, attempt, result: null });
  return putBack(deps, called, { target: job.targetIndex, delayMs: 0, counts: false }, attempt);
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** The end of a job that was stopped while it ran, as its account reads it. */
function endedAs(state: 'cancelled' | 'expired') {
  return { state, error: { type: state, message: stopMessages[state], provider_status: null } };
}

const brokenOff = {
  state: 'failed' as const,
  error: {
    type: 'outcome_unknown' as const,
    message: 'The gateway closed in the middle of the answer',
    provider_status: null,
  },
};

const stopMessages = {
  cancelled: 'The job was cancelled while it ran',
  expired: 'The deadline of the job passed while it ran',
};

async function settle(
  deps: FinishDeps,
  { job, lastEventSeq }: Called,
  facts: Pick<EndingFacts, 'state' | 'error' | 'charge' | 'attempt' | 'result'>,
): Promise<Finish> {
  // Built once: a repeat after a lost connection must say the same, byte for byte.
  const ending = endingOf(job, {
    ...facts,
    fence: job.attempts,
    eventSeq: lastEventSeq + 1,
    now: new Date(),
  });
  return (await deps.persist(() => deps.ledger.settleJob(ending))) ? 'final' : 'dropped';
}

async function putBack(
  deps: FinishDeps,
  { job, lastEventSeq }: Called,
  way: { target: number; delayMs: number; counts: boolean },
  attempt: AttemptRecord,
): Promise<Finish> {
  const target = job.targets[way.target] ?? job.target;
  const moved = await deps.persist(() =>
    deps.ledger.requeueJob({
      jobId: job.id,
      fence: job.attempts,
      provider: target.provider,
      targetModel: target.model,
      target: way.target,
      delayMs: way.delayMs,
      counts: way.counts,
      eventSeq: lastEventSeq,
      attempt,
    }),
  );
  return moved ? 'again' : 'dropped';
}

/** A refused call cost nothing. One that ended early may have: its cost is shown, and not charged. */
function failedAttempt(job: ClaimedJob, failure: Failure, produced: Produced): AttemptRecord {
  const { reason, status, message } = failure;
  const recorded = {
    provider: job.provider,
    outcome: attemptOutcome(reason),
    status,
    error: `${reason}: ${message}`,
  };
  if (!hasRun(failure, produced)) return { ...recorded, usage: null, costNano: 0n };
  const { usage } = usageSoFar(job, produced);
  return { ...recorded, usage, costNano: costOfCall(job, usage) };
}

/** Whether the provider may have worked on a call that failed. */
function hasRun({ reason }: Failure, { text, usage }: Produced): boolean {
  return reason === 'cut' || text !== '' || usage !== null;
}
