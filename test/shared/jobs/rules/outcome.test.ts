import { describe, expect, test } from 'vitest';
import type { Answer, Failure, FailureReason } from '../../../../src/shared/chat/call-result.ts';
import { attemptOutcome, decide, type Tried } from '../../../../src/shared/jobs/rules/outcome.ts';

const tried: Tried = { tries: 1, maxAttempts: 5, attempts: 1, target: 0, targets: 1 };

function failed(
  reason: FailureReason,
  retryAfterMs: number | null = null,
  more: Partial<Failure> = {},
): Exclude<Answer, { kind: 'stopped' }> {
  return {
    kind: 'failed',
    failure: { reason, status: 500, code: null, message: 'no', retryAfterMs, ...more },
    produced: { text: '', usage: null },
    limits: null,
  };
}

/**
 * reason, Retry-After, what was tried → target, delay (with random = 0.5), whether it counts; or the error
 * type.
 */
const table: [string, FailureReason, number | null, Partial<Tried>, string][] = [
  [
    'a refused request fails at once, with attempts left',
    'rejected',
    null,
    { targets: 3 },
    'provider_rejected',
  ],
  ['a refused key fails when there is no other target', 'auth', null, {}, 'provider_auth'],
  ['a refused key goes to the fallback at once', 'auth', null, { targets: 2 }, '1 0 counts'],
  [
    'a refused key fails when no attempt is left for the fallback',
    'auth',
    null,
    { targets: 2, maxAttempts: 1 },
    'provider_auth',
  ],
  ['a refused key on the last fallback fails', 'auth', null, { targets: 2, target: 1 }, 'provider_auth'],
  ['a short throttle waits where it is, free', 'throttled', 2000, { targets: 2 }, '0 2000 free'],
  ['a long throttle goes to the fallback at once, free', 'throttled', 30_000, { targets: 2 }, '1 0 free'],
  ['a long throttle without a fallback waits', 'throttled', 30_000, {}, '0 30000 free'],
  ['a throttle that does not say backs off', 'throttled', null, { attempts: 2 }, '0 1000 free'],
  ['no connection goes to the fallback at once, free', 'unreachable', null, { targets: 2 }, '1 0 free'],
  ['no connection without a fallback backs off, free', 'unreachable', null, { attempts: 3 }, '0 2000 free'],
  ['an empty provider account goes to the fallback', 'exhausted', null, { targets: 2 }, '1 0 free'],
  ['an empty provider account without a fallback waits a minute', 'exhausted', null, {}, '0 60000 free'],
  ['a failed call goes to the fallback at once', 'failed', null, { targets: 2 }, '1 0 counts'],
  [
    'a failed call on the last target goes round with back-off',
    'failed',
    null,
    { targets: 2, target: 1 },
    '0 500 counts',
  ],
  ['back-off doubles with each try', 'failed', null, { tries: 3 }, '0 2000 counts'],
  ['Retry-After is the floor of a back-off', 'failed', 9000, {}, '0 9000 counts'],
  ['the last try of a failing provider fails the job', 'failed', null, { tries: 5 }, 'provider_failed'],
  ['the last try of a cut call leaves the outcome unknown', 'cut', null, { tries: 5 }, 'outcome_unknown'],
  [
    'an answer that was told and broke off is not begun anew',
    'cut',
    null,
    { outputWasSent: true },
    'outcome_unknown',
  ],
  [
    'nor one that its provider ended with an error',
    'failed',
    null,
    { outputWasSent: true },
    'provider_failed',
  ],
  ['nor one that it had no room for', 'throttled', 100, { outputWasSent: true }, 'provider_unavailable'],
  ['a throttle on the last try still waits', 'throttled', 100, { tries: 5 }, '0 100 free'],
];

describe('decide', () => {
  test.each(table)('%s', (_promise, reason, retryAfterMs, facts, expected) => {
    const outcome = decide(failed(reason, retryAfterMs), { ...tried, ...facts }, 0.5);
    const seen =
      outcome.kind === 'again'
        ? `${outcome.target} ${outcome.delayMs} ${outcome.counts ? 'counts' : 'free'}`
        : outcome.kind === 'failed' && outcome.error.type;
    expect(seen).toBe(expected);
  });

  test.each<[string, Partial<Failure>, Partial<Tried>, string]>([
    ['a model that is gone goes to the fallback', { status: 404 }, { targets: 2 }, '1 0 counts'],
    ['whatever the status', { status: 400, code: 'model_decommissioned' }, { targets: 2 }, '1 0 counts'],
    ['and fails without one', { status: 404 }, {}, 'provider_rejected'],
    ['or on the last one', { status: 404 }, { targets: 2, target: 1 }, 'provider_rejected'],
    ['or without an attempt left', { status: 404 }, { targets: 2, maxAttempts: 1 }, 'provider_rejected'],
  ])('%s', (_promise, failure, facts, expected) => {
    const outcome = decide(failed('rejected', null, failure), { ...tried, ...facts }, 0.5);
    const again = outcome.kind === 'again' && `${outcome.target} ${outcome.delayMs} counts`;
    expect(again || (outcome.kind === 'failed' && outcome.error.type)).toBe(expected);
  });

  test('the code of the provider stays with the error', () => {
    const outcome = decide(failed('rejected', null, { code: 'context_length_exceeded' }), tried, 0.5);
    expect(outcome).toMatchObject({ error: { provider_code: 'context_length_exceeded' } });
    expect(decide(failed('rejected'), tried, 0.5)).not.toHaveProperty('error.provider_code');
  });

  test('a refusal certainly did nothing; a cut call is unknown; an error answer is a failure', () => {
    const outcomes = (
      ['throttled', 'unreachable', 'exhausted', 'auth', 'rejected', 'failed', 'cut'] as const
    ).map(attemptOutcome);
    expect(outcomes).toEqual(['refused', 'refused', 'refused', 'refused', 'refused', 'failed', 'unknown']);
  });
});
