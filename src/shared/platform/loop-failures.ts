import type { Log } from './log.ts';

/** A failure that goes on is logged again after this long. */
const logAgainMs = 60_000;

/**
 * Logs that a loop fails, and that it goes on. One that runs ten times a second fails as often while what it
 * needs is unavailable: that is logged once, and again when it is another failure.
 */
export function createLoopFailures(log: Log, loop: string): { failed(error: unknown): void; passed(): void } {
  /** The failures that were logged, and when. */
  const loggedAtMs = new Map<string, number>();
  let isFailing = false;
  return {
    failed: (error) => {
      isFailing = true;
      const text = error instanceof Error ? error.message : String(error);
      const now = performance.now();
      for (const [other, at] of loggedAtMs) if (now - at > logAgainMs) loggedAtMs.delete(other);
      log[loggedAtMs.has(text) ? 'debug' : 'warn']({ loop, error }, 'loop failed');
      if (!loggedAtMs.has(text)) loggedAtMs.set(text, now);
    },
    passed: () => {
      if (isFailing) log.info({ loop }, 'loop goes on');
      isFailing = false;
    },
  };
}
