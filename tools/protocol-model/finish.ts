import type { FinalState } from '../../src/shared/jobs/rules/job.ts';
import { attemptOutcome, decide } from '../../src/shared/jobs/rules/outcome.ts';
import { chargeWithin } from '../../src/shared/money/rules/charge.ts';
import { commit, unanswered } from './commit.ts';
import type { Call } from './provider.ts';
import type { Claimed, StopReason } from './records.ts';
import type { Steps } from './schedule.ts';
import { endingOf, oweDelivery, requeue, settle } from './settle.ts';
import type { World } from './world.ts';

/** The longest wait between two tries to write while the database does not answer. */
const persistWaitMsMax = 2000;

/**
 * Repeats a transaction until it is answered, as a worker does that holds a paid answer; or at most `tries`
 * times.
 */
export function* persist<Result>(
  world: World,
  statement: () => Result,
  tries = Number.POSITIVE_INFINITY,
): Generator<number, Result | typeof unanswered, undefined> {
  for (let waitMs = 100, tried = 1; ; waitMs = Math.min(persistWaitMsMax, waitMs * 2), tried++) {
    const result = commit(world, statement);
    if (result !== unanswered || tried >= tries) return result;
    yield waitMs;
    yield world.step();
  }
}

/** A finished call, and why we stopped it if we did. */
type Called = { claimed: Claimed; call: Call; stopReason: StopReason | null };

/** The steps decide and finish of run-job: what `decide` makes of a call, written in one transaction. */
export function* finishRun(world: World, by: string, called: Called): Steps {
  const { call, claimed, stopReason } = called;
  const { job, fence, tries, target } = claimed;
  if (stopReason !== null) return yield* finishStopped(world, by, called, stopReason);
  const { maxAttempts, targets } = job.submission;
  const tried = { tries, maxAttempts, attempts: fence, target, targets: targets.length };
  const outcome = decide(call.answer, tried, world.random.next());
  if (outcome.kind === 'succeeded') {
    const ran = { chargeNano: chargeOf(world, called), attemptOutcome: 'succeeded' };
    return yield* end(world, claimed, by, { state: 'succeeded', result: outcome.completion.id, ...ran });
  }
  const closed = attemptOutcome(outcome.failure.reason);
  if (outcome.kind === 'failed') {
    const ending = { state: 'failed' as const, result: null, chargeNano: 0n, attemptOutcome: closed };
    return yield* end(world, claimed, by, ending);
  }
  const way = { job, fence, target: outcome.target, delayMs: outcome.delayMs, counts: outcome.counts, by };
  yield* persist(world, () => requeue(world, { ...way, attemptOutcome: closed }));
}

/** Stopped by us: cancelled and expired jobs end here; one that only lost its process goes on elsewhere. */
function* finishStopped(world: World, by: string, called: Called, reason: StopReason): Steps {
  const { claimed } = called;
  const { job, fence, target } = claimed;
  world.note(job, by, 'stopped attempt', fence, reason);
  if (reason === 'lost') return;
  if (reason === 'cancelled' || reason === 'expired') {
    const ran = { chargeNano: chargeOf(world, called), attemptOutcome: 'unknown' };
    return yield* end(world, claimed, by, { state: reason, result: null, ...ran });
  }
  const way = { job, fence, target, delayMs: 0, counts: false, attemptOutcome: 'unknown', by };
  yield* persist(world, () => requeue(world, way));
}

function* end(
  world: World,
  { job, fence }: Claimed,
  by: string,
  facts: { state: FinalState; chargeNano: bigint; result: string | null; attemptOutcome: string },
): Steps {
  const ending = endingOf(world, { job, fence, by, ...facts });
  const isFinal = yield* persist(world, () => settle(world, ending));
  if (isFinal !== true || world.guards.settleAtOnce) return;
  yield world.step();
  yield* persist(world, () => oweDelivery(world, ending));
}

/** What the provider said it used, or else our own count of it; never more than the hold. */
function chargeOf({ guards }: World, { claimed, call }: Called): bigint {
  const { holdNano } = claimed.job.submission;
  const costNano = call.isUsageReported ? call.billedNano : holdNano / 2n;
  return guards.chargeBound ? chargeWithin(costNano, holdNano).amountNano : costNano;
}
