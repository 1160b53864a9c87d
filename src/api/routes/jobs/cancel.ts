import { z } from 'zod';
import type { BatchKind } from '../../../shared/batches/rules/batch.ts';
import { requestBatchCancel } from '../../../shared/batches/sql/batches.ts';
import { invalid, notFound, Refusal } from '../../../shared/errors.ts';
import type { JobEvents } from '../../../shared/events/job-events.ts';
import { metadataSchema } from '../../../shared/formats/common/metadata-schema.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import { toJobObject } from '../../../shared/jobs/rules/job-object.ts';
import { eraseJob } from '../../../shared/jobs/sql/content.ts';
import { findJobRecord, findOutcome, listUnfinishedIds } from '../../../shared/jobs/sql/jobs.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { type CancelDeps, cancelMany, cancelOne } from '../../intake/cancel-job.ts';
import { json } from '../../openapi/components.ts';
import { cancellationSchema, deletedJobSchema, jobSchema } from '../../openapi/schemas/job.ts';

/** POST /v1/jobs/{id}/cancel → 200 when the job ended before it ran, 202 when it was asked to stop. */
export function cancelJobRoute(app: App, deps: CancelDeps & { sql: Database }): void {
  const schema = {
    operationId: 'cancelJob',
    response: { 200: json(jobSchema), 202: json(jobSchema) },
    tags: ['jobs'],
    summary: 'Cancel a job',
    params: z.object({ id: z.string() }),
  };
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

const cancellationRequest = z
  .strictObject({
    batch_id: z.string().min(1).optional(),
    metadata: metadataSchema.meta({ minProperties: 1 }).optional(),
  })
  .meta({ minProperties: 1 });

const pageSize = 500;

/**
 * POST /v1/jobs/cancel {batch_id | metadata}: cancels all unfinished jobs that fit; says how many ended and
 * how many were asked. A batch is cancelled with its jobs, or it would go on to make more of its lines.
 */
export function cancelJobsRoute(app: App, deps: CancelDeps & { sql: Database }): void {
  app.post(
    '/v1/jobs/cancel',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'cancelJobs',
        response: { 202: cancellationSchema },
        tags: ['jobs'],
        summary: 'Cancel many jobs',
        body: cancellationRequest,
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { batch_id: batchId = null, metadata = {} } = request.body;
      if (batchId === null && Object.keys(metadata).length === 0) {
        throw invalid([
          { param: 'batch_id', message: 'give batch_id or metadata; all jobs at once are never meant' },
        ]);
      }
      const work = async () => {
        if (batchId !== null) {
          await requestBatchCancel(deps.sql, { accountId, kind: kindOf(batchId), id: batchId });
          deps.signals.publish('batches');
        }
        const counts = { cancelled: 0, asked: 0 };
        for (let after = ''; ; ) {
          const ids = await listUnfinishedIds(deps.sql, {
            accountId,
            batchId,
            metadata,
            after,
            limit: pageSize,
          });
          const ended = await cancelMany(deps, accountId, ids);
          counts.cancelled += ended;
          counts.asked += ids.length - ended;
          const last = ids.at(-1);
          if (last === undefined || ids.length < pageSize) break;
          after = last;
        }
        return { status: 202, body: { object: 'job.cancellation', ...counts } };
      };
      return idempotent(request, reply, deps, work, { outside: true });
    },
  );
}

function kindOf(batchId: string): BatchKind {
  return batchId.startsWith('msgbatch_') ? 'anthropic' : 'openai';
}

/**
 * DELETE /v1/jobs/{id}: erases a final job's request, result, events and webhook bodies. Its money stays on
 * record.
 */
export function deleteJobRoute(app: App, deps: { sql: Database; events: Pick<JobEvents, 'log'> }): void {
  const schema = {
    operationId: 'deleteJob',
    response: { 200: json(deletedJobSchema) },
    tags: ['jobs'],
    summary: 'Erase the content of a final job',
    params: z.object({ id: z.string() }),
  };
  app.delete('/v1/jobs/:id', { config: { scope: 'jobs', refuses: [409] }, schema }, async (request) => {
    const { id } = request.params;
    const erased = await eraseJob(deps.sql, accountOf(request), id);
    if (erased === null) throw notFound('job');
    if (!erased) throw new Refusal('invalid_state', 'The job has not ended yet; cancel it first');
    // Without Redis its log ends by itself, a day after its last event.
    await deps.events.log.erase(id).catch(() => undefined);
    return { id, object: 'job', deleted: true };
  });
}
