import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { isFinal, toJobObject } from '../../../shared/jobs/rules/job.ts';
import { findJobRecord, findOutcome } from '../../../shared/jobs/sql/jobs.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { type CancelDeps, cancelOne } from '../../intake/cancel-job.ts';

/** POST /v1/jobs/{id}/cancel → 200 when the job ended before it ran, 202 when it was asked to stop. */
export function cancelJob(app: App, deps: CancelDeps & { sql: Database }): void {
  const schema = { summary: 'Cancel a job', params: z.object({ id: z.string() }) };
  app.post('/v1/jobs/:id/cancel', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const { id } = request.params;
    const work = async () => {
      const before = await findJobRecord(deps.sql, accountId, id);
      if (before === null) throw notFound('job');
      if (isFinal(before.state)) {
        throw new Refusal('invalid_state', `The job has already ended: it is ${before.state}`);
      }
      const ended = await cancelOne(deps, accountId, id);
      const after = await findOutcome(deps.sql, accountId, id);
      if (after === null) throw notFound('job');
      return { status: ended ? 200 : 202, body: toJobObject(after.job, { result: after.result }) };
    };
    return idempotent(request, reply, deps, work, { outside: true });
  });
}
