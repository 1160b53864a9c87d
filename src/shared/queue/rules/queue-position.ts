/** Where a waiting job stands, as far as it is worth counting. */
export type QueuePosition = {
  /** Jobs of its account that go before it to the same provider and in the same lane. */
  ahead: number;
  /** Counting stopped there: there may be more. */
  isAtLeast: boolean;
  /** Jobs of its account that ended lately, and since when they were counted. */
  endedLately: number;
  endedSince: Date | null;
  runAt: Date;
  /** Its account or its provider is paused: it waits for somebody. */
  isPaused: boolean;
};

/** Fewer ends than this say nothing about how fast it goes. */
const endedMin = 3;

/**
 * When a job is likely to start: after those before it, at the rate at which the account's jobs have ended
 * lately, which has its fair share, its limits and the provider's in it. Null when there is nothing to tell
 * it by.
 */
export function estimateStart(position: QueuePosition, now: Date): Date | null {
  if (position.isAtLeast || position.isPaused) return null;
  const earliest = Math.max(now.getTime(), position.runAt.getTime());
  if (position.ahead === 0) return new Date(earliest);
  if (position.endedSince === null || position.endedLately < endedMin) return null;
  const sinceMs = Math.max(1, now.getTime() - position.endedSince.getTime());
  return new Date(Math.max(earliest, now.getTime() + (position.ahead * sinceMs) / position.endedLately));
}
