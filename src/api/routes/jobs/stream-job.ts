import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import { isFinal } from '../../../shared/domain/job.ts';
import { type WatchDeps, watchJob } from '../../../shared/events/watch-job.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { findJob } from '../../../shared/sql/jobs.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import type { EventStreams } from '../../http/event-stream.ts';

const eventId = z.string().regex(/^\d{1,9}$/, { error: 'must be the id of an event: a whole number' });

/**
 * GET /v1/jobs/{id}/events: the job's events over SSE, from the first or after `Last-Event-ID` (or `?starting_after`), at
 * any time: before, during and after the job. 204 when there is nothing after that id, ever.
 */
export function streamJob(
  app: App,
  deps: Omit<WatchDeps, 'find'> & { sql: Database; streams: EventStreams },
): void {
  const schema = {
    params: z.object({ id: z.string() }),
    querystring: z.strictObject({ starting_after: eventId.optional() }),
  };
  app.get('/v1/jobs/:id/events', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const jobId = request.params.id;
    const stored = await findJob(deps.sql, accountId, jobId);
    if (stored === null) throw notFound('job');
    const after = readCursor(request.headers['last-event-id'], request.query.starting_after);
    if (isFinal(stored.job.state) && after >= stored.job.eventSeq) return reply.status(204).send();
    const find = () => findJob(deps.sql, accountId, jobId);
    await deps.streams.send(reply, (signal) => watchJob({ ...deps, find }, { jobId, after, signal }));
    return reply;
  });
}

/** A browser's header wins over the query, since it is the later knowledge; anything that is no id means the beginning. */
function readCursor(header: string | string[] | undefined, query: string | undefined): number {
  const text = typeof header === 'string' && /^\d{1,9}$/.test(header) ? header : (query ?? '0');
  return Number(text);
}
