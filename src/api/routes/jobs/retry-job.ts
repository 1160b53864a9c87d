import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import { findSubmission } from '../../../shared/jobs/sql/jobs.ts';
import type { QuoteDeps } from '../../../shared/jobs/submission.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { createAccountMutex } from '../../http/account-mutex.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { fingerprintOf, readIdempotencyKey } from '../../http/idempotent.ts';
import { sendAccepted } from '../../http/send-accepted.ts';
import { acceptJob, type IntakeDeps } from '../../intake/accept-job.ts';
import { resubmitJob } from '../../intake/resubmit-job.ts';

/** POST /v1/jobs/{id}/retry → 202: a new job with a new hold, which says what it repeats. */
export function retryJob(app: App, deps: IntakeDeps & QuoteDeps & { sql: Database }): void {
  const schema = { summary: 'Order a job again', params: z.object({ id: z.string() }) };
  // A request of two lines may order one of megabytes, which is read, priced and written again.
  const inTurn = createAccountMutex();
  app.post('/v1/jobs/:id/retry', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const key = readIdempotencyKey(request);
    const defaultMax = request.account?.defaultMaxOutputTokens ?? null;
    const accepted = await inTurn(accountId, async () => {
      const stored = await findSubmission(deps.sql, accountId, request.params.id);
      if (stored === null) throw notFound('job');
      if (!isFinal(stored.state))
        throw new Refusal('invalid_state', 'The job has not ended yet; cancel it first');
      if (stored.request === null) throw new Refusal('invalid_state', 'The request of this job was erased');
      return await acceptJob(deps, resubmitJob(deps, stored, stored.request, defaultMax), {
        accountId,
        idempotency: key === null ? null : { key, fingerprint: fingerprintOf(request) },
      });
    });
    return sendAccepted(reply, accepted);
  });
}
