import { isDatabaseTransient } from './database-errors.ts';

export type RetryOptions = {
  /** No further try is begun after this long. */
  maxWaitMs: number;
  /** Told before each wait. */
  onWait?(error: unknown): void;
  /** No further try is begun once this says true. */
  isStopping?(): boolean;
};

const firstWaitMs = 100;
const waitMsMax = 2000;

/**
 * Repeats a write that says the same however often it is made, while the database is away or another
 * transaction is in its way. That also settles the question whether a commit went through when its answer was
 * lost: the repeat finds what is there.
 */
export async function retryWhileUnavailable<Result>(
  write: () => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const until = Date.now() + options.maxWaitMs;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMsMax, waitMs * 2)) {
    try {
      return await write();
    } catch (error) {
      const goOn =
        isDatabaseTransient(error) && Date.now() + waitMs <= until && options.isStopping?.() !== true;
      if (!goOn) throw error;
      options.onWait?.(error);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}
