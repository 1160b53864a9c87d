import { describe, expect, test } from 'vitest';
import { moveDelivery, type Posted } from '../../../src/shared/domain/delivery.ts';

const posted = (statusCode: number | null, retryAfterMs: number | null = null): Posted => ({
  statusCode,
  error: null,
  blocked: false,
  durationMs: 1,
  remoteIp: null,
  retryAfterMs,
});
const schedule = [5, 300, 1800];

describe('what a try means for its delivery', () => {
  test.each<[string, Posted, number, string]>([
    ['200 delivers', posted(200), 1, 'delivered'],
    ['204 delivers', posted(204), 3, 'delivered'],
    ['a redirect is a failure', posted(302), 1, 'again 5000'],
    ['an error is tried again after the first wait', posted(500), 1, 'again 5000'],
    ['silence is tried again', posted(null), 2, 'again 300000'],
    ['each wait is used once', posted(500), 3, 'again 1800000'],
    ['after the last wait it is exhausted', posted(500), 4, 'exhausted'],
    ['410 exhausts at once', posted(410), 1, 'exhausted'],
    ['Retry-After later than the schedule is kept', posted(429, 60_000), 1, 'again 60000'],
    ['Retry-After sooner than the schedule changes nothing', posted(429, 1000), 1, 'again 5000'],
    ['Retry-After is at most a day', posted(503, 9e9), 1, 'again 86400000'],
  ])('%s', (_promise, one, tries, expected) => {
    const move = moveDelivery(one, tries, schedule, 0.5);
    expect(move.kind === 'again' ? `again ${move.delayMs}` : move.kind).toBe(expected);
  });

  test('the wait is a fifth earlier or later at most', () => {
    const waits = [0, 0.999].map((random) => moveDelivery(posted(500), 1, schedule, random));
    expect(waits).toEqual([
      { kind: 'again', delayMs: 4000 },
      { kind: 'again', delayMs: expect.closeTo(5998, -1) },
    ]);
  });
});
