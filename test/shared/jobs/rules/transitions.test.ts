import { describe, expect, test } from 'vitest';
import type { JobState } from '../../../../src/shared/jobs/rules/job.ts';
import { isFinal } from '../../../../src/shared/jobs/rules/job.ts';
import {
  type Hold,
  isOrphaned,
  isOverdue,
  type JobCore,
  type JobMove,
  legalJobMoves,
  moveJob,
  releaseShare,
} from '../../../../src/shared/jobs/rules/transitions.ts';
import {
  type DeliveryCore,
  type DeliveryMove,
  legalDeliveryMoves,
  moveDelivery,
} from '../../../../src/shared/webhooks/rules/transitions.ts';

const nowMs = 1_000_000;
const leaseMs = 15_000;

const waiting: JobCore = {
  state: 'waiting',
  generation: 2,
  attempts: 3,
  tries: 2,
  leaseUntilMs: null,
  runAtMs: nowMs,
  queuedAtMs: nowMs - 5000,
  deadlineAtMs: nowMs + 60_000,
  cancelRequested: false,
};
const ticketed: JobCore = { ...waiting, state: 'ticketed' };
const running: JobCore = { ...waiting, state: 'running', leaseUntilMs: nowMs + 5000 };
const succeeded: JobCore = { ...waiting, state: 'succeeded' };

const claim: JobMove = { kind: 'claim', generation: 2, leaseMs };
const returnTicket: JobMove = { kind: 'returnTicket', generation: 2, delayMs: 400 };
const withdraw: JobMove = { kind: 'withdrawTicket', generation: 2 };
const extend: JobMove = { kind: 'extendLease', fence: 3, leaseMs };
const requeue: JobMove = { kind: 'requeue', fence: 3, delayMs: 700, counts: true };
const succeed: JobMove = { kind: 'end', fence: 3, state: 'succeeded' };
const cancelQueued: JobMove = { kind: 'end', fence: null, state: 'cancelled' };

describe('a move that may be made changes exactly this', () => {
  test.each<[string, JobCore, JobMove, Partial<JobCore>]>([
    ['a due job gets its ticket', waiting, { kind: 'ticket' }, { state: 'ticketed' }],
    [
      'a claim counts the attempt and the try, and opens a lease',
      ticketed,
      claim,
      { state: 'running', attempts: 4, tries: 3, leaseUntilMs: nowMs + leaseMs },
    ],
    [
      'a ticket that is handed back voids itself',
      ticketed,
      returnTicket,
      { state: 'waiting', generation: 3, runAtMs: nowMs + 400 },
    ],
    [
      'a ticket that is withdrawn voids itself, and its job waits where it was',
      ticketed,
      withdraw,
      { state: 'waiting', generation: 3 },
    ],
    ['a lease goes on from now', running, extend, { leaseUntilMs: nowMs + leaseMs }],
    [
      'a lease that ended goes on too while nobody took the job',
      { ...running, leaseUntilMs: nowMs - 1 },
      extend,
      { leaseUntilMs: nowMs + leaseMs },
    ],
    [
      'a requeued job waits under a new generation',
      running,
      requeue,
      { state: 'waiting', generation: 3, leaseUntilMs: null, runAtMs: nowMs + 700 },
    ],
    [
      'a call that does not count gives its try back, never its attempt',
      running,
      { ...requeue, counts: false },
      { state: 'waiting', generation: 3, leaseUntilMs: null, runAtMs: nowMs + 700, tries: 1 },
    ],
    ['its newest attempt ends a job', running, succeed, { state: 'succeeded', leaseUntilMs: null }],
    ['nobody is needed to cancel a waiting job', waiting, cancelQueued, { state: 'cancelled' }],
    [
      'nobody is needed to expire a ticketed job',
      ticketed,
      { ...cancelQueued, state: 'expired' },
      { state: 'expired' },
    ],
    [
      'a request to cancel is noted on a running job',
      running,
      { kind: 'requestCancel' },
      { cancelRequested: true },
    ],
  ])('%s', (_promise, job, move, change) => {
    expect(moveJob(job, move, nowMs)).toEqual({ ...job, ...change });
  });
});

describe('a move that may not be made changes nothing', () => {
  test.each<[string, JobCore, JobMove]>([
    ['a ticket before the job is due', { ...waiting, runAtMs: nowMs + 1 }, { kind: 'ticket' }],
    ['a second ticket', ticketed, { kind: 'ticket' }],
    ['a claim without a ticket', waiting, claim],
    ['a claim with an older ticket', ticketed, { ...claim, generation: 1 }],
    ['a claim of a running job', running, claim],
    ['a claim of a job that is not wanted', { ...ticketed, cancelRequested: true }, claim],
    ['a claim at the deadline', { ...ticketed, deadlineAtMs: nowMs }, claim],
    ['an older ticket withdrawn', ticketed, { ...withdraw, generation: 1 }],
    ['an older ticket handed back', ticketed, { ...returnTicket, generation: 1 }],
    ['a lease of an older attempt', running, { ...extend, fence: 2 }],
    ['a lease of a job that ended', succeeded, extend],
    ['an older attempt that puts the job back', running, { ...requeue, fence: 2 }],
    ['an attempt that puts a final job back', succeeded, requeue],
    ['an older attempt that ends the job', running, { ...succeed, fence: 2 }],
    ['an attempt that ends a job that waits again', waiting, succeed],
    ['a second end', succeeded, succeed],
    ['a cancellation without the fence of the run', running, cancelQueued],
    ['a success of a job that never ran', waiting, { ...cancelQueued, state: 'succeeded' }],
    ['a failure of a job that is not running', ticketed, { ...cancelQueued, state: 'failed' }],
    ['a request to cancel what is over', succeeded, { kind: 'requestCancel' }],
  ])('%s', (_promise, job, move) => {
    expect(moveJob(job, move, nowMs)).toBeNull();
  });
});

test('no move leads out of a final state, and every other state has a way to the end', () => {
  for (const [from, ways] of Object.entries(legalJobMoves)) {
    expect(ways).toHaveLength(isFinal(from as JobState) ? 0 : ways.length);
    expect(ways.some(isFinal)).toBe(!isFinal(from as JobState));
  }
});

test('a run is lost when its lease is over, not before', () => {
  expect(isOrphaned({ ...running, leaseUntilMs: nowMs }, nowMs)).toBe(false);
  expect(isOrphaned({ ...running, leaseUntilMs: nowMs - 1 }, nowMs)).toBe(true);
  expect(isOrphaned(ticketed, nowMs)).toBe(false);
});

test('what does not run is overdue from its deadline, or once it is not wanted', () => {
  expect(isOverdue({ ...waiting, deadlineAtMs: nowMs + 1 }, nowMs)).toBe(false);
  expect(isOverdue({ ...waiting, deadlineAtMs: nowMs }, nowMs)).toBe(true);
  expect(isOverdue({ ...ticketed, cancelRequested: true }, nowMs)).toBe(true);
  expect(isOverdue({ ...running, cancelRequested: true, deadlineAtMs: 0 }, nowMs)).toBe(false);
  expect(isOverdue({ ...succeeded, deadlineAtMs: 0 }, nowMs)).toBe(false);
});

describe('a hold', () => {
  const hold: Hold = { remainingNano: 10n, isBatch: false, isClosed: false };

  test('closes with its last share, once', () => {
    const rest = releaseShare(hold, 4n);
    expect(rest).toEqual({ ...hold, remainingNano: 6n });
    const closed = rest && releaseShare(rest, 6n);
    expect(closed).toEqual({ ...hold, remainingNano: 0n, isClosed: true });
    expect(closed && releaseShare(closed, 0n)).toBeNull();
  });

  test('never gives more than it has', () => expect(releaseShare(hold, 11n)).toBeNull());

  test('of a batch stays open for jobs to come', () => {
    expect(releaseShare({ ...hold, isBatch: true }, 10n)).toMatchObject({ isClosed: false });
  });
});

describe('a delivery', () => {
  const due: DeliveryCore = {
    state: 'pending',
    tries: 1,
    dueAtMs: nowMs,
    leaseToken: null,
    leaseUntilMs: null,
  };
  const leased: DeliveryCore = {
    ...due,
    leaseToken: 'mine',
    leaseUntilMs: nowMs + 60_000,
    dueAtMs: nowMs + 60_000,
  };
  const unleased = { leaseToken: null, leaseUntilMs: null };
  const again = { kind: 'again' as const, delayMs: 5000 };

  test.each<[string, DeliveryCore, DeliveryMove, Partial<DeliveryCore> | null]>([
    [
      'is claimed when due: the try counts, and the end of the lease is its next chance',
      due,
      { kind: 'claim', token: 'mine', leaseMs: 60_000 },
      { tries: 2, leaseToken: 'mine', leaseUntilMs: nowMs + 60_000, dueAtMs: nowMs + 60_000 },
    ],
    ['is not claimed while leased', leased, { kind: 'claim', token: 'yours', leaseMs: 1 }, null],
    [
      'is delivered once',
      leased,
      { kind: 'record', token: 'mine', verdict: { kind: 'delivered' } },
      { state: 'delivered', dueAtMs: null, ...unleased },
    ],
    [
      'waits for its next try',
      leased,
      { kind: 'record', token: 'mine', verdict: again },
      { dueAtMs: nowMs + 5000, ...unleased },
    ],
    [
      'is not recorded by a lease that went to another',
      leased,
      { kind: 'record', token: 'yours', verdict: again },
      null,
    ],
    [
      'given back unsent is due at once, and the try does not count',
      leased,
      { kind: 'handBack', token: 'mine' },
      { tries: 0, dueAtMs: nowMs, ...unleased },
    ],
    ['cannot be given back by another', leased, { kind: 'handBack', token: 'yours' }, null],
    [
      'starts a new chain',
      { ...due, state: 'exhausted', dueAtMs: null, tries: 9 },
      { kind: 'restart' },
      { state: 'pending', tries: 0, dueAtMs: nowMs },
    ],
    ['does not start anew while it is being sent', leased, { kind: 'restart' }, null],
  ])('%s', (_promise, delivery, move, change) => {
    expect(moveDelivery(delivery, move, nowMs)).toEqual(change && { ...delivery, ...change });
  });

  test('that ended starts again only by a replay', () => {
    const { pending, ...ended } = legalDeliveryMoves;
    expect(pending).not.toContain('pending');
    for (const ways of Object.values(ended)) expect(ways).toEqual(['pending']);
  });
});
