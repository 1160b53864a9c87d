import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import { isFinal, toJobObject } from '../../../shared/domain/job.ts';
import type { JobEvents } from '../../../shared/job-events.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { findJob } from '../../../shared/sql/jobs.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';

/** A change whose news was lost is found by looking again this often. */
const lookAgainMs = 1000;

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
    const find = () => findJob(deps.sql, accountId, id);
    const gone = new AbortController();
    request.raw.on('close', () => gone.abort());
    const waitMs = request.query.wait * 1000;
    const stored = await (waitMs === 0 ? find() : findWhenFinal(deps, id, find, waitMs, gone.signal));
    if (stored === null) throw notFound('job');
    return toJobObject(stored.job, { request: stored.request, result: stored.result });
  });
}

async function findWhenFinal(
  deps: { events: Pick<JobEvents, 'onChange'> },
  jobId: string,
  find: () => ReturnType<typeof findJob>,
  waitMs: number,
  gone: AbortSignal,
): ReturnType<typeof findJob> {
  let wake: () => void = () => undefined;
  // Listening before looking: a change in between is not missed.
  const forget = deps.events.onChange(jobId, () => wake());
  const until = Date.now() + waitMs;
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const stored = await find();
      const leftMs = until - Date.now();
      if (stored === null || isFinal(stored.job.state) || leftMs <= 0 || gone.aborted) return stored;
      const timer = setTimeout(wake, Math.min(lookAgainMs, leftMs));
      gone.addEventListener('abort', wake, { once: true });
      await changed;
      clearTimeout(timer);
    }
  } finally {
    forget();
  }
}
