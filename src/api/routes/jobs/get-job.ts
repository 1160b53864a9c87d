import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import { isFinal, toJobObject } from '../../../shared/domain/job.ts';
import { estimateStart, type QueuePlace } from '../../../shared/domain/queue-place.ts';
import type { JobEvents } from '../../../shared/job-events.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { findQueuePlace } from '../../../shared/sql/queue-place.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { findWhenFinal } from '../../sync/when-final.ts';

/** GET /v1/jobs/{id}, with `?wait=30`: answers when the job ends, or after that many seconds. */
export function getJob(app: App, deps: { sql: Database; events: Pick<JobEvents, 'onChange'> }): void {
  const schema = {
    summary: 'Read a job, now or when it ends',
    params: z.object({ id: z.string() }),
    querystring: z.strictObject({ wait: z.coerce.number().min(0).max(60).default(0) }),
  };
  app.get('/v1/jobs/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const { id } = request.params;
    const gone = new AbortController();
    request.raw.on('close', () => gone.abort());
    const waitMs = request.query.wait * 1000;
    const stored = await findWhenFinal(deps, { accountId, jobId: id }, waitMs, gone.signal);
    if (stored === null) throw notFound('job');
    const texts = { request: stored.request, result: stored.result };
    const place = isFinal(stored.job.state) ? null : await findQueuePlace(deps.sql, id);
    return { ...toJobObject(stored.job, texts), ...toPlace(place, new Date()) };
  });
}

/** How long a queued job is likely to wait; nulls when it runs, has ended, or nothing can be said. */
function toPlace(place: QueuePlace | null, now: Date) {
  if (place === null) return { queue_position: null, estimated_start_at: null };
  return {
    queue_position: place.ahead + 1,
    estimated_start_at: estimateStart(place, now)?.toISOString() ?? null,
  };
}
