import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import { isFinal, toJobObject } from '../../../shared/domain/job.ts';
import type { JobEvents } from '../../../shared/job-events.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { findQueuePlaces } from '../../../shared/sql/queue-place.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { findWhenFinal } from '../../sync/when-final.ts';

type GetJobDeps = { sql: Database; events: Pick<JobEvents, 'onChange'>; closing: AbortSignal };

/** GET /v1/jobs/{id}, with `?wait=30`: answers when the job ends, after that many seconds, or when the server closes. */
export function getJob(app: App, deps: GetJobDeps): void {
  const schema = {
    summary: 'Read a job, now or when it ends',
    params: z.object({ id: z.string() }),
    querystring: z.strictObject({ wait: z.coerce.number().min(0).max(60).default(0) }),
  };
  app.get('/v1/jobs/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const { id } = request.params;
    const waitMs = request.query.wait * 1000;
    const stored = await untilGone(request, deps.closing, (gone) =>
      findWhenFinal(deps, { accountId, jobId: id }, waitMs, gone),
    );
    if (stored === null) throw notFound('job');
    const texts = { request: stored.request, result: stored.result };
    if (isFinal(stored.job.state)) return toJobObject(stored.job, texts);
    const places = await findQueuePlaces(deps.sql, accountId, [id]);
    return toJobObject(stored.job, texts, places.get(id));
  });
}

/** Does work with a signal that aborts once the client has left or the server closes. */
async function untilGone<Value>(
  request: FastifyRequest,
  closing: AbortSignal,
  work: (gone: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  if (closing.aborted) leave();
  request.raw.on('close', leave);
  closing.addEventListener('abort', leave);
  try {
    return await work(gone.signal);
  } finally {
    closing.removeEventListener('abort', leave);
  }
}
