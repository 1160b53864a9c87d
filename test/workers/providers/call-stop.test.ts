import { expect, test } from 'vitest';
import { CallStopped, stopReasonOf } from '../../../src/workers/providers/call-stop.ts';

test.each(['cancelled', 'expired', 'shutdown', 'lost'] as const)(
  'a signal that was aborted with a reason gives it back: %s',
  (reason) => {
    expect(stopReasonOf(AbortSignal.abort(new CallStopped(reason)))).toBe(reason);
  },
);

test('a signal that was aborted with anything else belongs to a process that closes', () => {
  expect(stopReasonOf(AbortSignal.abort())).toBe('shutdown');
});
