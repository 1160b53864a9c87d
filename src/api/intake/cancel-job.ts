import { cancelledError } from '../../shared/domain/abandoned.ts';
import { failpoint } from '../../shared/failpoints.ts';
import { endingOf } from '../../shared/job-ending.ts';
import type { JobEvents } from '../../shared/job-events.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { News } from '../../shared/news.ts';
import type { Database } from '../../shared/sql/database.ts';
import { findEndableJob, requestCancel } from '../../shared/sql/jobs.ts';

export type CancelDeps = {
  sql: Database;
  ledger: Pick<Ledger, 'settleHold'>;
  news: Pick<News, 'send'>;
  events: Pick<JobEvents, 'announce'>;
};

/**
 * Cancels one job of an account. True when it ended here and now, uncharged; false when a worker was asked to stop it (or
 * it ended otherwise meanwhile). A job that starts or stops running in between is caught by the wish, which every claim
 * and every sweep looks at.
 */
export async function cancelOne(deps: CancelDeps, accountId: string, jobId: string): Promise<boolean> {
  const job = await findEndableJob(deps.sql, accountId, jobId);
  if (job !== null) {
    const ending = endingOf(job, {
      state: 'cancelled',
      fence: null,
      error: cancelledError,
      charge: null,
      attempt: null,
      result: null,
      eventSeq: null,
      now: new Date(),
    });
    if (await deps.ledger.settleHold(ending)) {
      deps.events.announce(jobId);
      if (job.announces) deps.news.send('deliveries');
      return true;
    }
  }
  const isAsked = await requestCancel(deps.sql, jobId);
  await failpoint('cancel.recorded');
  if (isAsked) deps.news.send('cancel', jobId);
  return false;
}
