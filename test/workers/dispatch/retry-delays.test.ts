import { expect, test } from 'vitest';
import { createRetryDelays } from '../../../src/workers/dispatch/retry-delays.ts';

test('what failed is left alone for a minute, and for twice as long each time it fails again, up to an hour', () => {
  let now = 0;
  const delays = createRetryDelays(() => now);
  const delayMs = () => {
    const from = now;
    delays.delay('job_1');
    while (delays.ids().length > 0) now += 1000;
    return now - from;
  };
  const all = Array.from({ length: 8 }, delayMs);
  expect(all.slice(0, 3)).toEqual([60_000, 120_000, 240_000]);
  expect(all.at(-1)).toBe(3_600_000);
});

test('what went well for as long as it was left alone begins at a minute again', () => {
  let now = 0;
  const delays = createRetryDelays(() => now);
  delays.delay('job_1');
  now += 60_000 + 60_000 + 1;
  expect(delays.ids()).toEqual([]);
  delays.delay('job_1');
  now += 60_000;
  expect(delays.ids()).toEqual([]);
});

test('each is left alone by itself', () => {
  const delays = createRetryDelays(() => 0);
  delays.delay('job_1');
  delays.delay('job_2');
  expect(delays.ids()).toEqual(['job_1', 'job_2']);
});
