import { describe, expect, it, test } from 'vitest';
import { decideOrphan, stopError } from '../../../../src/shared/jobs/rules/orphaned.ts';

const job = {
  cancel: false,
  late: false,
  tries: 3,
  attempts: 3,
  maxAttempts: 10,
  target: 0,
  targets: 1,
  outputWasSent: false,
};

test.each([
  ['its first loss', 0, 0, 'goes on'],
  ['its second', 1, 0, 'goes on'],
  ['its third, and nobody else was lost', 2, 0, 'ends'],
  ['its third of five workers lost', 2, 2, 'ends'],
  ['its third of six', 2, 3, 'goes on'],
  ['its fourth of seven', 3, 3, 'ends'],
  ['its fourth of eight', 3, 4, 'goes on'],
])(
  'a job is to blame from its third lost worker on, when most were lost with it: %s',
  (_, losses, otherLosses, what) => {
    const outcome = decideOrphan({ ...job, losses, otherLosses }, 0.5);
    expect(outcome.kind === 'failed' ? 'ends' : 'goes on').toBe(what);
    if (outcome.kind === 'failed') expect(outcome.error.type).toBe('outcome_unknown');
  },
);

describe('a job that waited too long', () => {
  it('says how its last call ended, where it had one', () => {
    const error = stopError({ cancel: false, lastError: 'throttled: Rate limit exceeded' });
    expect(error).toMatchObject({ type: 'expired', message: expect.stringMatching(/Rate limit exceeded$/) });
    for (const lastError of [null, undefined]) {
      expect(stopError({ cancel: false, ...(lastError === null && { lastError }) }).message).toMatch(
        /answered$/,
      );
    }
    expect(stopError({ cancel: true, lastError: 'throttled: x' }).type).toBe('cancelled');
  });
});
