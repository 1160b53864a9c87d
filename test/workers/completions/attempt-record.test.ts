import { expect, test } from 'vitest';
import type { Failure, Produced } from '../../../src/shared/chat/call-result.ts';
import {
  completedAttempt,
  failedAttempt,
  stoppedAttempt,
} from '../../../src/workers/completions/attempt-record.ts';
import { chargeOf } from '../../../src/workers/completions/charge-call.ts';
import { aClaimedJob, aCompletion, aFailure, nothingProduced, someUsage } from './claimed-job.ts';

const job = aClaimedJob();

test('an attempt that was answered shows its whole cost, beyond the hold too, and the tier served', () => {
  const poor = aClaimedJob({ holdNano: 150_000n });
  const charge = chargeOf(poor, { usage: someUsage, estimated: false });
  expect(charge).toMatchObject({ amountNano: 150_000n, overrunNano: 50_000n });
  expect(completedAttempt(poor, aCompletion({ serviceTier: 'priority' }), charge)).toEqual({
    provider: 'openai',
    outcome: 'succeeded',
    status: 200,
    error: null,
    usage: someUsage,
    costNano: 200_000n,
    serviceTier: 'priority',
  });
});

test.each<[string, Partial<Failure>, Produced, object]>([
  ['a refusal cost nothing', { reason: 'rejected' }, nothingProduced, { outcome: 'refused', costNano: 0n }],
  [
    'an error before any output cost nothing',
    {},
    nothingProduced,
    { outcome: 'failed', usage: null, costNano: 0n },
  ],
  [
    'a cut call may have cost its input',
    { reason: 'cut' },
    nothingProduced,
    { outcome: 'unknown', costNano: 40_000n },
  ],
  ['usage that was reported is shown', {}, { text: '', usage: someUsage }, { costNano: 200_000n }],
])('%s', (_what, failure, produced, expected) => {
  expect(failedAttempt(job, aFailure(failure, produced))).toMatchObject(expected);
});

test('a failed attempt keeps the reason, the status and the words of the provider', () => {
  const attempt = failedAttempt(job, aFailure({ status: 503, message: 'overloaded' }));
  expect(attempt).toMatchObject({ status: 503, error: 'failed: overloaded' });
});

test.each([
  [{ reason: 'expired' as const }, 'stopped: expired'],
  [
    { reason: 'limit' as const, limit: 'the answer was larger than allowed' },
    'stopped: the answer was larger than allowed',
  ],
])('a stopped attempt says why: %j', (why, error) => {
  const charge = chargeOf(job, { usage: someUsage, estimated: true });
  const answer = { kind: 'stopped' as const, ...why, produced: nothingProduced };
  expect(stoppedAttempt(job, answer, charge)).toMatchObject({ outcome: 'unknown', status: null, error });
});
