import { isDatabaseUnavailable } from '../../shared/sql/database.ts';
import type { Log } from '../../shared/telemetry.ts';

/** The longest wait between two tries to write while the database is away. */
const persistWaitMsMax = 2000;

/**
 * Repeats a write while the database is away, so that an answer that was paid for is kept until it can be stored. Another
 * process may take the job over when its lease ends; the fence then decides whose answer counts.
 */
export async function persist<Result>(
  write: () => Promise<Result>,
  stopping: { now: boolean },
  log: Log,
): Promise<Result> {
  for (let waitMs = 100; ; waitMs = Math.min(persistWaitMsMax, waitMs * 2)) {
    try {
      return await write();
    } catch (error) {
      if (stopping.now || !isDatabaseUnavailable(error)) throw error;
      log.warn({ error }, 'the database is away; an answer waits');
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}
