import type { FinalState } from '../../src/shared/jobs/rules/job.ts';
import { type JobCore, type JobMove, moveJob } from '../../src/shared/jobs/rules/transitions.ts';
import { formatUsd } from '../../src/shared/money/rules/money.ts';
import { webhookEvent } from '../../src/shared/webhooks/rules/delivery.ts';
import { release, take } from './money.ts';
import type { Delivery, StoredJob } from './records.ts';
import { SchemaRefusal } from './schema-refusal.ts';
import { replaceCore } from './store.ts';
import type { World } from './world.ts';

/** How a job ended. Made once: a repeat says the same, byte for byte. */
export type Ending = {
  job: StoredJob;
  /** Null when the job ends without running. */
  fence: number | null;
  state: FinalState;
  chargeNano: bigint;
  result: string | null;
  attemptOutcome: string;
  eventId: string;
  body: string;
  by: string;
};

/** What an ending becomes when it is made: the webhook's bytes are frozen here. */
export function endingOf(world: World, facts: Omit<Ending, 'eventId' | 'body'>): Ending {
  const { job, state, chargeNano, by } = facts;
  const eventId = `evt_${job.id}_${state}_${facts.fence ?? 'none'}_${by}_${world.schedule.nowMs}`;
  if (!job.submission.hasWebhook) return { ...facts, eventId, body: '' };
  const body = webhookEvent({
    eventId,
    type: `job.${state}`,
    createdAt: new Date(world.schedule.nowMs),
    job: {
      id: job.id,
      status: state,
      model: 'simulated',
      usage: facts.result,
      charge_usd: formatUsd(chargeNano),
      error: null,
      batch_id: null,
      metadata: {},
    },
    payload: 'thin',
  });
  return { ...facts, eventId, body };
}

/** See settle_jobs: everything an end means, in one transaction. False for an ending that came too late. */
export function settle(world: World, ending: Ending): boolean {
  const { job, fence, state, chargeNano, by } = ending;
  const { guards, schedule } = world;
  const core = moveBy(world, job, { kind: 'end', fence, state });
  if (core === null) {
    world.note(job, by, 'came too late with', state, 'of attempt', fence);
    return false;
  }
  if (guards.uniqueCharge && job.charges.length > 0) throw new SchemaRefusal('a job is charged once', job);
  replaceCore(world, job, core);
  job.charges.push(chargeNano);
  if (guards.releaseAtSettle) {
    const rest = release(job.submission.account, job.hold, job.submission.holdNano);
    if (rest === null) world.violate('a share is released once', `${state} by ${by}`, job);
    else job.hold = rest;
  }
  take(job.submission.account, chargeNano);
  if (job.submission.account.availableNano < 0n) {
    world.violate('what is available is never negative', `after a charge of ${chargeNano}`, job);
  }
  closeAttempt(job, fence, ending.attemptOutcome);
  if (ending.result !== null) job.result = ending.result;
  job.witness.endings += 1;
  job.finishedAtMs = schedule.nowMs;
  world.note(job, by, 'ended it:', state, 'by attempt', fence, 'charge', chargeNano);
  if (guards.settleAtOnce) oweDelivery(world, ending);
  return true;
}

/** The outbox row of an ending. */
export function oweDelivery(world: World, { job, eventId, body }: Ending): void {
  if (!job.submission.hasWebhook) return;
  const core = {
    state: 'pending' as const,
    tries: 0,
    dueAtMs: world.schedule.nowMs,
    leaseToken: null,
    leaseUntilMs: null,
  };
  const delivery: Delivery = { core, job, eventId, body, isGone: job.submission.isGone, notBeforeMs: 0 };
  job.deliveries.push(delivery);
  world.store.deliveries.push(delivery);
}

export type Return = {
  job: StoredJob;
  fence: number;
  target: number;
  delayMs: number;
  counts: boolean;
  attemptOutcome: string;
  isLost?: boolean;
  by: string;
};

/** See requeue_jobs. False when the job is no longer the caller's. */
export function requeue(world: World, way: Return): boolean {
  const { job, fence, target, delayMs, counts, by } = way;
  const core = moveBy(world, job, { kind: 'requeue', fence, delayMs, counts });
  if (core === null) {
    world.note(job, by, 'came too late to requeue attempt', fence);
    return false;
  }
  replaceCore(world, job, core);
  job.target = target;
  job.witness.notBeforeMs = world.schedule.nowMs + delayMs;
  if (!counts) job.witness.uncounted += 1;
  closeAttempt(job, fence, way.attemptOutcome, way.isLost);
  world.note(job, by, 'requeued attempt', fence, 'generation', core.generation, 'delay', delayMs);
  return true;
}

/** `moveJob`, or what it would return if a guard were missing. */
function moveBy(
  world: World,
  job: StoredJob,
  move: Extract<JobMove, { kind: 'end' | 'requeue' }>,
): JobCore | null {
  const { guards, schedule } = world;
  const { core } = job;
  const fence = guards.fence || move.fence === null ? move.fence : core.attempts;
  const believed = guards.stateCheck
    ? core
    : { ...core, state: fence === null ? ('waiting' as const) : ('running' as const) };
  return moveJob(believed, { ...move, fence } as JobMove, schedule.nowMs);
}

function closeAttempt(job: StoredJob, fence: number | null, outcome: string, isLost = false): void {
  const attempt = job.attempts.find((one) => one.number === fence && one.outcome === 'started');
  if (attempt !== undefined) Object.assign(attempt, { outcome, isLost });
}
