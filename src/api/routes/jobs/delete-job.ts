import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { JobEvents } from '../../../shared/events/job-events.ts';
import { eraseJob } from '../../../shared/jobs/sql/content.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';

/**
 * DELETE /v1/jobs/{id}: erases a final job's request, result, events and webhook bodies. Its money stays on
 * record.
 */
export function deleteJob(app: App, deps: { sql: Database; events: Pick<JobEvents, 'log'> }): void {
  const schema = { summary: 'Erase the content of a final job', params: z.object({ id: z.string() }) };
  app.delete('/v1/jobs/:id', { config: { scope: 'jobs' }, schema }, async (request) => {
    const { id } = request.params;
    const erased = await eraseJob(deps.sql, accountOf(request), id);
    if (erased === null) throw notFound('job');
    if (!erased) throw new Refusal('invalid_state', 'The job has not ended yet; cancel it first');
    // Without Redis its log ends by itself, a day after its last event.
    await deps.events.log.erase(id).catch(() => undefined);
    return { id, object: 'job', deleted: true };
  });
}
