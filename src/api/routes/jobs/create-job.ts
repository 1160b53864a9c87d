import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { fingerprintOf, readIdempotencyKey } from '../../http/idempotent.ts';
import { type JobBody, jobBody } from '../../http/job-body.ts';
import { sendAccepted } from '../../http/send-accepted.ts';
import { acceptJob, type IntakeDeps, type JobOrder } from '../../intake/accept-job.ts';

/** POST /v1/jobs → 202: the job and its hold are committed. */
export function createJob(app: App, deps: IntakeDeps): void {
  app.post(
    '/v1/jobs',
    { config: { scope: 'jobs' }, schema: { summary: 'Submit a job', body: jobBody } },
    async (request, reply) => {
      const accountId = accountOf(request);
      const key = readIdempotencyKey(request);
      const accepted = await acceptJob(deps, toOrder(request.body), {
        accountId,
        defaultMaxOutputTokens: request.account?.defaultMaxOutputTokens ?? null,
        idempotency: key === null ? null : { key, fingerprint: fingerprintOf(request) },
      });
      return sendAccepted(reply, accepted);
    },
  );
}

/** The wire's body as an order. */
export function toOrder(body: JobBody): JobOrder {
  return {
    surface: 'jobs',
    original: null,
    request: body.request,
    lane: body.priority,
    stream: body.stream,
    runAt: body.run_at ?? null,
    expiresInSeconds: body.expires_in_seconds,
    fallbacks: body.fallbacks,
    maxAttempts: body.max_attempts,
    announces: 'job',
    webhookUrl: body.webhook_url ?? null,
    webhookPayload: body.webhook_payload,
    metadata: body.metadata,
  };
}
