import { isFinal } from '../../shared/domain/job.ts';
import type { JobEvents } from '../../shared/job-events.ts';
import type { Database } from '../../shared/sql/database.ts';
import { findJob } from '../../shared/sql/jobs.ts';

/** A change whose news was lost is found by looking again this often. */
const lookAgainMs = 1000;

/** A job of an account once it is final, or as it is after `waitMs` or when its asker is gone; null when there is none. */
export async function findWhenFinal(
  deps: { sql: Database; events: Pick<JobEvents, 'onChange'> },
  job: { accountId: string; jobId: string },
  waitMs: number,
  gone: AbortSignal,
): ReturnType<typeof findJob> {
  const find = () => findJob(deps.sql, job.accountId, job.jobId);
  if (waitMs === 0) return find();
  let wake: () => void = () => undefined;
  // Listening before looking: a change in between is not missed.
  const forget = deps.events.onChange(job.jobId, () => wake());
  const onGone = () => wake();
  gone.addEventListener('abort', onGone, { once: true });
  const until = Date.now() + waitMs;
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const stored = await find();
      const leftMs = until - Date.now();
      if (stored === null || isFinal(stored.job.state) || leftMs <= 0 || gone.aborted) return stored;
      const timer = setTimeout(wake, Math.min(lookAgainMs, leftMs));
      await changed;
      clearTimeout(timer);
    }
  } finally {
    gone.removeEventListener('abort', onGone);
    forget();
  }
}
