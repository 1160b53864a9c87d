import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import { findSubmission } from '../../../shared/jobs/sql/jobs.ts';
import type { QuoteDeps } from '../../../shared/jobs/submission.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { createAccountMutex } from '../../http/account-mutex.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { fingerprintOf, readIdempotencyKey } from '../../http/idempotency-key.ts';
import { idempotent } from '../../http/idempotent.ts';
import { sendAccepted } from '../../http/send-accepted.ts';
import { validatedOf } from '../../http/validated-body.ts';
import { acceptJob, type IntakeDeps } from '../../intake/accept-job.ts';
import { resubmitJob } from '../../intake/resubmit-job.ts';
import { json } from '../../openapi/components.ts';
import { estimateSchema, jobSchema } from '../../openapi/schemas/job.ts';
import { jobRequest } from '../../openapi/schemas/requests.ts';

/** POST /v1/jobs → 202: the job and its hold are committed. */
export function submitJobRoute(app: App, deps: IntakeDeps): void {
  app.post(
    '/v1/jobs',
    {
      config: { scope: 'jobs', refuses: [402, 404], validates: 'job' },
      schema: {
        operationId: 'submitJob',
        response: { 202: json(jobSchema) },
        tags: ['jobs'],
        summary: 'Submit a job',
        body: jobRequest,
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const key = readIdempotencyKey(request);
      const accepted = await acceptJob(deps, validatedOf(request, 'job'), {
        accountId,
        idempotency: key === null ? null : { key, fingerprint: fingerprintOf(request) },
      });
      return sendAccepted(reply, accepted);
    },
  );
}

/** POST /v1/estimates: what a job with this body would hold. Takes nothing. */
export function estimateJobRoute(app: App, deps: { sql: Database }): void {
  app.post(
    '/v1/estimates',
    {
      config: { scope: 'jobs', refuses: [404], validates: 'job' },
      schema: {
        operationId: 'estimateJob',
        response: { 200: estimateSchema },
        tags: ['jobs'],
        summary: 'Bound the cost of a job',
        body: jobRequest,
      },
    },
    async (request, reply) => {
      const { quote } = validatedOf(request, 'job').priced;
      const body = {
        hold_usd: formatUsd(quote.holdNanoUsd),
        input_tokens: quote.inputTokens,
        max_output_tokens: quote.maxOutputTokens,
      };
      return await idempotent(request, reply, deps, async () => ({ status: 200, body }));
    },
  );
}

/** POST /v1/jobs/{id}/retry → 202: a new job with a new hold, which says what it repeats. */
export function retryJobRoute(app: App, deps: IntakeDeps & QuoteDeps & { sql: Database }): void {
  const schema = {
    operationId: 'retryJob',
    response: { 202: json(jobSchema) },
    tags: ['jobs'],
    summary: 'Submit the request of a job again',
    params: z.object({ id: z.string() }),
  };
  // A request of two lines may submit one of megabytes, which is read, priced and written again.
  const inTurn = createAccountMutex();
  app.post(
    '/v1/jobs/:id/retry',
    { config: { scope: 'jobs', refuses: [402] }, schema },
    async (request, reply) => {
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
    },
  );
}
