import type { JobEvents } from '../../../shared/events/job-events.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import { eraseJob, eraseOriginal } from '../../../shared/jobs/sql/content.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';
import { type CancelDeps, cancelOne } from '../../intake/cancel-job.ts';
import { readResponseRecord } from '../../responses/stored-response.ts';

type Deps = CancelDeps & { events: Pick<JobEvents, 'announce' | 'log'> };

/**
 * `DELETE /v1/responses/{id}`: erases its texts; one that has not ended is stopped and cannot be found any
 * more.
 */
export function deleteResponse(app: App, deps: Deps): void {
  const schema = { tags: ['openai'], summary: 'Delete a response', params: idParams };
  app.delete('/v1/responses/:id', { config: { scope: 'jobs' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const { id } = request.params;
    const { job } = await readResponseRecord(deps.sql, accountId, id);
    if (!isFinal(job.state)) {
      await eraseOriginal(deps.sql, job.id);
      await cancelOne(deps, accountId, job.id);
    } else {
      await eraseJob(deps.sql, accountId, job.id);
      // Without Redis its log ends by itself, a day after its last event.
      await deps.events.log.erase(job.id).catch(() => undefined);
    }
    return { id, object: 'response', deleted: true };
  });
}
