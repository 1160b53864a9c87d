import type { JobEvents } from '../../shared/events/job-events.ts';
import { listFinalJobs } from '../../shared/events/sql/watched-jobs.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';

/** A change whose signal was lost is found by a poll this often, for all who wait in one query. */
const pollMs = 1000;

export type FinalWatchDeps = {
  sql: Database;
  events: Pick<JobEvents, 'onChange'>;
  log: { debug(details: object, message: string): void };
};

/** Who waits for the end of jobs. */
export type FinalWatch = {
  /** Resolves when the job is final, after `waitMs`, or when the signal aborts. The job must be there. */
  whenFinal(jobId: string, waitMs: number, gone: AbortSignal): Promise<void>;
  stop(): void;
};

type Waiter = { jobId: string; wake(): void };

/**
 * Everybody of this process who waits for the end of a job shares one look at the database, which asks for
 * states and reads no text: what a wait costs does not grow with the job, nor what all cost with their
 * number.
 */
export function createFinalWatch(deps: FinalWatchDeps): FinalWatch {
  const waiters = new Map<string, Set<Waiter>>();
  const due = new Set<string>();
  let looking = false;

  /** In a later turn of the loop, so that those who come together share the query. */
  function lookAt(jobId: string): void {
    due.add(jobId);
    if (!looking) setImmediate(() => void look());
  }

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    while (due.size > 0) {
      const jobIds = [...due];
      due.clear();
      try {
        for (const jobId of await listFinalJobs(deps.sql, jobIds)) wakeAll(jobId);
      } catch (error) {
        deps.log.debug({ error }, 'jobs that are waited for could not be looked at');
      }
    }
    looking = false;
  }

  function wakeAll(jobId: string): void {
    for (const waiter of waiters.get(jobId) ?? []) waiter.wake();
  }

  const timer = setInterval(() => {
    for (const jobId of waiters.keys()) lookAt(jobId);
  }, pollMs);
  timer.unref();

  function add(waiter: Waiter): () => void {
    const { jobId } = waiter;
    const others = waiters.get(jobId) ?? new Set();
    waiters.set(jobId, others.add(waiter));
    // Listening before looking: a change in between is not missed.
    const unsubscribe = deps.events.onChange(jobId, () => lookAt(jobId));
    lookAt(jobId);
    return () => {
      unsubscribe();
      others.delete(waiter);
      if (others.size === 0 && waiters.get(jobId) === others) waiters.delete(jobId);
    };
  }

  return {
    whenFinal: async (jobId, waitMs, gone) => {
      if (gone.aborted || waitMs <= 0) return;
      let wake: () => void = () => undefined;
      const over = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const remove = add({ jobId, wake });
      const timeout = setTimeout(wake, waitMs);
      gone.addEventListener('abort', wake, { once: true });
      await over;
      clearTimeout(timeout);
      gone.removeEventListener('abort', wake);
      remove();
    },
    stop: () => clearInterval(timer),
  };
}
