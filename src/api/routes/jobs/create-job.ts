import { jobBody } from '../../../shared/formats/jobs/job-request.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { fingerprintOf, readIdempotencyKey } from '../../http/idempotent.ts';
import { sendAccepted } from '../../http/send-accepted.ts';
import { validatedOf } from '../../http/validated-body.ts';
import { acceptJob, type IntakeDeps } from '../../intake/accept-job.ts';

/** POST /v1/jobs → 202: the job and its hold are committed. */
export function createJob(app: App, deps: IntakeDeps): void {
  app.post(
    '/v1/jobs',
    { config: { scope: 'jobs', judged: 'job' }, schema: { summary: 'Submit a job', body: jobBody } },
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
