import { z } from 'zod';
import { invalid } from '../../../shared/errors.ts';
import type { JobState } from '../../../shared/jobs/rules/job.ts';
import { toJobObject } from '../../../shared/jobs/rules/job-object.ts';
import { listJobs } from '../../../shared/jobs/sql/jobs.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { findQueuePositions } from '../../../shared/queue/sql/queue-position.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { cursorOf, toPage } from '../../http/pages.ts';
import { json } from '../../openapi/components.ts';
import { jobListSchema } from '../../openapi/schemas/job.ts';

const queuedStates: JobState[] = ['waiting', 'ticketed'];
const statesByStatus: Record<string, JobState[]> = {
  queued: queuedStates,
  running: ['running'],
  succeeded: ['succeeded'],
  failed: ['failed'],
  cancelled: ['cancelled'],
  expired: ['expired'],
};

const query = z
  .object({
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired']).optional(),
    batch_id: z.string().optional(),
    limit: z.coerce.number().int().min(1).max(100).default(20),
    after: cursorOf('job'),
  })
  .catchall(z.string());

/**
 * GET /v1/jobs: the account's jobs, newest first, filtered by status, batch and metadata. A page looks at a
 * bounded number of jobs: one that is short and has more is followed from its `last_id`, as any other.
 */
export function listJobsRoute(app: App, deps: { sql: Database }): void {
  const summary = 'List jobs; with a filter, a page may be short or empty and still have more';
  app.get(
    '/v1/jobs',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listJobs',
        response: { 200: json(jobListSchema) },
        tags: ['jobs'],
        summary,
        querystring: query,
      },
    },
    async (request) => {
      const { status, batch_id: batchId, limit, after, ...others } = request.query;
      const accountId = accountOf(request);
      const { jobs, reachedId } = await listJobs(deps.sql, {
        accountId,
        states: status === undefined ? null : (statesByStatus[status] ?? null),
        batchId: batchId ?? null,
        metadata: toMetadataFilter(others),
        after: after ?? null,
        limit,
      });
      const queued = jobs.filter(({ state }) => queuedStates.includes(state)).map(({ id }) => id);
      const positions = queued.length === 0 ? null : await findQueuePositions(deps.sql, accountId, queued);
      return toPage(
        jobs.map((job) => toJobObject(job, {}, positions?.get(job.id))),
        limit,
        reachedId,
      );
    },
  );
}

/** `metadata.k=v` → `{k: v}`; any other name is a mistake worth telling. */
function toMetadataFilter(others: Record<string, string>): Record<string, string> {
  const entries = Object.entries(others).map(([name, value]) => {
    if (!name.startsWith('metadata.') || name === 'metadata.') {
      throw invalid([
        { param: name, message: 'unknown parameter; filter by status, batch_id or metadata.<key>' },
      ]);
    }
    return [name.slice('metadata.'.length), value] as const;
  });
  return Object.fromEntries(entries);
}
