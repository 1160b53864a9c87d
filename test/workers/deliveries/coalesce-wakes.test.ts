import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { coalesceWakes } from '../../../src/workers/deliveries/coalesce-wakes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the wakes of one delay are one, and those after it another', () => {
  const wake = vi.fn();
  const coalesced = coalesceWakes(wake, 5);
  for (let n = 0; n < 3; n += 1) coalesced.wake();
  vi.advanceTimersByTime(4);
  expect(wake).not.toHaveBeenCalled();
  coalesced.wake();
  vi.advanceTimersByTime(1);
  expect(wake).toHaveBeenCalledTimes(1);
  coalesced.wake();
  vi.advanceTimersByTime(5);
  expect(wake).toHaveBeenCalledTimes(2);
});

test('nothing is woken after the stop', () => {
  const wake = vi.fn();
  const coalesced = coalesceWakes(wake, 5);
  coalesced.wake();
  coalesced.stop();
  vi.advanceTimersByTime(10);
  expect(wake).not.toHaveBeenCalled();
});
