import type { Log } from '../../shared/platform/log.ts';
import { isDatabaseUnavailable } from '../../shared/platform/postgres/database-errors.ts';
import { retryWhileUnavailable } from '../../shared/platform/postgres/retry-while-unavailable.ts';

export type Persist = {
  /**
   * Makes a write, however long the database is unavailable; rejects only when it refuses the write, or after
   * `stop`.
   */
  write<Result>(write: () => Promise<Result>): Promise<Result>;
  /**
   * True while an answer waits for a database that is unavailable: a call made now might not be recorded
   * either. One that waits for a lock waits for something of its own account, and stops nobody else's calls.
   */
  isWaiting(): boolean;
  /** The process ends: nothing is repeated any more. */
  stop(): void;
};

/**
 * Keeps answers that were paid for until they can be stored. Another process may take the job over when its
 * lease ends; the fence then decides whose answer counts.
 */
export function createPersist(log: Log): Persist {
  let waiting = 0;
  let stopping = false;
  return {
    write: async (write) => {
      let waits = false;
      const onWait = (error: unknown) => {
        const isUnavailable = isDatabaseUnavailable(error);
        if (isUnavailable !== waits) waiting += isUnavailable ? 1 : -1;
        waits = isUnavailable;
        log.warn(
          { error },
          isUnavailable ? 'the database is unavailable; an answer waits' : 'an answer waits for a lock',
        );
      };
      try {
        return await retryWhileUnavailable(write, {
          maxWaitMs: Number.POSITIVE_INFINITY,
          onWait,
          isStopping: () => stopping,
        });
      } finally {
        if (waits) waiting -= 1;
      }
    },
    isWaiting: () => waiting > 0,
    stop: () => {
      stopping = true;
    },
  };
}
