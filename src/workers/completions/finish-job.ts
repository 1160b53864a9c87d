import type { Answer, Produced } from '../../shared/domain/answer.ts';
import { chargeWithin } from '../../shared/domain/charge.ts';
import type { ChatCompletion } from '../../shared/domain/chat.ts';
import { isReadAlong, type JobError } from '../../shared/domain/job.ts';
import { attemptOutcome, decide, type Outcome } from '../../shared/domain/outcome.ts';
import { priceUsage } from '../../shared/domain/price.ts';
import { countOutputTokens } from '../../shared/domain/token-bound.ts';
import { toCompletionUsage, type Usage } from '../../shared/domain/usage.ts';
import { type EndingFacts, endingOf } from '../../shared/job-ending.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { AttemptRecord, ChargeRecord } from '../../shared/sql/settle-jobs.ts';
import type { ClaimedJob } from './claim.ts';
import type { StopReason } from './runs.ts';

/** What a run came to: its job is final, waits for another call, or was somebody else's by then. */
export type Finish = 'final' | 'again' | 'dropped';

export type FinishDeps = {
  ledger: Pick<Ledger, 'settleHold' | 'keepHold'>;
  /** Repeats a write while the database is away; gives up only when the process ends. */
  persist<Result>(write: () => Promise<Result>): Promise<Result>;
  random(): number;
};

/**
 * A finished call: what the provider answered, why we stopped it if we did, whether some of its output was written as an event, and
 * the id of the last event written.
 */
export type Called = {
  job: ClaimedJob;
  answer: Answer;
  stopReason: StopReason | null;
  wrote: boolean;
  lastEventSeq: number;
};

/**
 * Writes what a call came to, in one transaction: the attempt, the charge, the release, the result, the final state and
 * the webhook owed; or the attempt and the way back to the backlog. Only the newest attempt of a job may; a late one
 * changes nothing and is dropped.
 */
export async function finishJob(deps: FinishDeps, called: Called): Promise<Finish> {
  const { answer } = called;
  if (answer.kind === 'stopped') return finishStopped(deps, called, answer.produced);
  const { job } = called;
  const outcome = decide(
    answer,
    {
      tries: job.tries,
      maxAttempts: job.maxAttempts,
      attempts: job.attempts,
      target: job.targetIndex,
      targets: job.targets.length,
      isTold: isTold(called),
    },
    deps.random(),
  );
  if (outcome.kind === 'succeeded') return finishSucceeded(deps, called, outcome);
  const produced = answer.kind === 'failed' ? answer.produced : { text: '', usage: null };
  const attempt = failedAttempt(job, outcome, produced);
  if (outcome.kind === 'again') return putBack(deps, called, outcome, attempt);
  return settle(deps, called, { state: 'failed', error: outcome.error, charge: null, attempt, result: null });
}

function isTold({ job, wrote }: Called): boolean {
  return wrote && isReadAlong(job);
}

async function finishSucceeded(
  deps: FinishDeps,
  called: Called,
  outcome: Extract<Outcome, { kind: 'succeeded' }>,
): Promise<Finish> {
  const { job } = called;
  const usage = outcome.usage ?? countedUsage(job, outputText(outcome.completion));
  const charge = chargeOf(job, usage, outcome.usage === null);
  const attempt: AttemptRecord = {
    provider: job.provider,
    outcome: 'succeeded',
    status: 200,
    error: null,
    usage,
    costNano: charge.amountNano + charge.overrunNano,
  };
  const result = JSON.stringify({
    ...outcome.completion,
    usage: outcome.completion.usage ?? toCompletionUsage(usage),
  });
  return settle(deps, called, { state: 'succeeded', error: null, charge, attempt, result });
}

/** Stopped by us: cancelled and expired jobs end here; a job that only lost its process goes on elsewhere. */
async function finishStopped(deps: FinishDeps, called: Called, produced: Produced): Promise<Finish> {
  const { job, stopReason } = called;
  if (stopReason === 'lost') return 'dropped';
  const usage = countedUsage(job, produced.text);
  const charge = chargeOf(job, usage, true);
  const attempt: AttemptRecord = {
    provider: job.provider,
    outcome: 'unknown',
    status: null,
    error: `stopped: ${stopReason ?? 'unknown'}`,
    usage,
    costNano: charge.amountNano + charge.overrunNano,
  };
  if (stopReason === 'cancelled' || stopReason === 'expired') {
    const error: JobError = { type: stopReason, message: stopMessages[stopReason], provider_status: null };
    return settle(deps, called, { state: stopReason, error, charge, attempt, result: null });
  }
  if (isTold(called)) return settle(deps, called, { ...brokenOff, charge: null, attempt, result: null });
  return putBack(deps, called, { target: job.targetIndex, delayMs: 0, counts: false }, attempt);
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
  return (await deps.persist(() => deps.ledger.settleHold(ending))) ? 'final' : 'dropped';
}

async function putBack(
  deps: FinishDeps,
  { job, lastEventSeq }: Called,
  way: { target: number; delayMs: number; counts: boolean },
  attempt: AttemptRecord,
): Promise<Finish> {
  const target = job.targets[way.target] ?? job.target;
  const moved = await deps.persist(() =>
    deps.ledger.keepHold({
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
function failedAttempt(
  job: ClaimedJob,
  outcome: Exclude<Outcome, { kind: 'succeeded' }>,
  produced: Produced,
): AttemptRecord {
  const { reason, status, message } = outcome.failure;
  const recorded = {
    provider: job.provider,
    outcome: attemptOutcome(reason),
    status,
    error: `${reason}: ${message}`,
  };
  const ran = reason === 'cut' || produced.text !== '' || produced.usage !== null;
  if (!ran) return { ...recorded, usage: null, costNano: 0n };
  const usage = likelyUsage(job, produced);
  return { ...recorded, usage, costNano: priceUsage(job.target.prices, usage) };
}

function chargeOf(job: ClaimedJob, usage: Usage, estimated: boolean): ChargeRecord {
  const { target } = job;
  const charge = chargeWithin(priceUsage(target.prices, usage), job.holdNano);
  return {
    ...charge,
    // What we counted ourselves cannot be a provider's bill.
    overrunNano: estimated ? 0n : charge.overrunNano,
    estimated,
    provider: target.provider,
    model: target.model,
    priceVersion: target.priceVersion,
    usage,
  };
}

/** Usage of a call that ended early. What a provider reports before the end counts little or none of the output. */
function likelyUsage(job: ClaimedJob, produced: Produced): Usage {
  const counted = countedUsage(job, produced.text);
  if (produced.usage === null) return counted;
  const completionTokens = Math.max(produced.usage.completionTokens, counted.completionTokens);
  return { ...produced.usage, completionTokens };
}

/** Our own count where the provider gave none: the input as bounded at intake, the output as seen. */
function countedUsage(job: ClaimedJob, output: string): Usage {
  const outputMax = job.target.maxOutputTokens * (job.request.n ?? 1);
  return {
    promptTokens: job.inputTokensBound,
    completionTokens: Math.min(countOutputTokens(output, job.target), outputMax),
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
}

function outputText(completion: ChatCompletion): string {
  return completion.choices
    .flatMap(({ message }) => [
      message.content ?? '',
      message.refusal ?? '',
      ...(message.tool_calls ?? []).map((call) => call.function.name + call.function.arguments),
    ])
    .join('');
}
