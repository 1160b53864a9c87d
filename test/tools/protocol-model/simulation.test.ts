import { describe, expect, test } from 'vitest';
import { exploreSeeds } from '../../../tools/protocol-model/explore.ts';
import { type GuardName, guardsWithout } from '../../../tools/protocol-model/guards.ts';
import { simulate } from '../../../tools/protocol-model/simulate.ts';

test('thousands of bad days break no promise', { timeout: 60_000 }, () => {
  const { violations, seeds, jobs, faultsByKind } = exploreSeeds({ from: 1, count: 2000 });
  expect(violations).toEqual([]);
  expect(seeds).toBe(2000);
  expect(jobs).toBeGreaterThan(30_000);
  // It says something only if every fault really happened, and often.
  for (const [kind, times] of Object.entries(faultsByKind)) expect(times, kind).toBeGreaterThan(100);
});

test('a seed can be played again, to the last line of its histories', () => {
  const guards = guardsWithout('fence', 'reaper');
  const played = [1, 2, 3, 4, 5].map((seed) => simulate(seed, guards));
  expect(played.some(({ violations }) => violations.length > 0)).toBe(true);
  expect([1, 2, 3, 4, 5].map((seed) => simulate(seed, guards))).toEqual(played);
});

test('a violation comes with its seed and the whole history of its job', () => {
  const [violation] = simulate(1, guardsWithout('attemptBeforeCall')).violations;
  expect(violation).toMatchObject({ seed: 1, rule: 'every call has an attempt that was written before it' });
  expect(violation?.history[0]).toMatch(/^\d+\.\d{3} s: request_\d+ accepted/);
  expect(violation?.history.at(-1)).toMatch(/ended it|delivered|received/);
});

const seedsMax = 1000;

/** The first violation of a rule within a thousand seeds. */
function firstViolation(off: GuardName[], rule: string, detail = ''): number | null {
  const guards = guardsWithout(...off);
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = simulate(seed, guards);
    if (violations.some((found) => found.rule === rule && found.detail.includes(detail))) return seed;
  }
  return null;
}

const schema = 'no statement runs into the schema';

describe('a gateway that forgot one guard is caught within a thousand seeds', () => {
  test.each<[GuardName, string, string?]>([
    ['fence', 'the result is that of the newest attempt'],
    ['stateCheck', schema, 'a job is charged once'],
    ['generationCheck', 'a call goes where its gate let it in'],
    // Alone it moves no money, since the fence still stands: it gives a lease to jobs that do not run.
    ['leaseCheck', schema, 'running jobs have a lease, and no others'],
    ['attemptBeforeCall', 'every call has an attempt that was written before it'],
    ['chargeBound', 'a charge is never more than its hold'],
    ['releaseAtSettle', 'a final job has no open hold'],
    ['settleAtOnce', 'a final job owes one webhook, if any'],
    ['reaper', 'every accepted job ends'],
    ['reconciler', 'every accepted job ends'],
    ['idempotencyKey', 'one key is one job'],
    ['claimToken', 'one key is one answer'],
    ['claimEnd', 'every key is answered, and free of claims'],
    ['expressClaim', 'an attempt is one call'],
    ['fundsCheck', 'what is available is never negative'],
    ['postBeforeRecord', 'a webhook that is recorded as delivered was received'],
    ['deliveryToken', 'a delivery ends once'],
  ])('%s: %s', (guard, rule, detail) => {
    expect(firstViolation([guard], rule, detail)).not.toBeNull();
  });
});

describe('a guard that stands behind another is not missed alone', () => {
  test.each<[GuardName, string]>([
    ['uniqueCharge', 'the state check refuses a second end before it comes to a charge'],
    ['legalMoves', 'every statement asks for the state it moves from'],
  ])('%s, since %s', (guard) => {
    expect(exploreSeeds({ from: 1, count: 300 }, guardsWithout(guard)).violations).toEqual([]);
  });

  test.each<[string, GuardName[], string, string?]>([
    ['the unique charge stops what the state check let through', ['stateCheck'], schema, 'is charged once'],
    [
      'without both, accounts pay twice',
      ['stateCheck', 'uniqueCharge'],
      'a job is charged once, when it is final',
      '2 charges',
    ],
    ['the legal moves keep a final job final', ['stateCheck'], schema, 'may not become waiting'],
    [
      'without both, a final job waits again',
      ['stateCheck', 'legalMoves'],
      'no webhook is sent for a job that is not final',
    ],
  ])('%s', (_promise, off, rule, detail) => {
    expect(firstViolation(off, rule, detail)).not.toBeNull();
  });
});
