import { z } from 'zod';
import type { BatchKind } from '../../../shared/batches/rules/batch.ts';
import { requestBatchCancel } from '../../../shared/batches/sql/batches.ts';
import { invalid } from '../../../shared/errors.ts';
import { metadataSchema } from '../../../shared/formats/common/metadata-schema.ts';
import { listUnfinishedIds } from '../../../shared/jobs/sql/jobs.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { type CancelDeps, cancelMany } from '../../intake/cancel-job.ts';

const body = z.strictObject({
  batch_id: z.string().min(1).optional(),
  metadata: metadataSchema.optional(),
});

const pageSize = 500;

/**
 * POST /v1/jobs/cancel {batch_id | metadata}: cancels all unfinished jobs that fit; says how many ended and
 * how many were asked. A batch is cancelled with its jobs, or it would go on to make more of its lines.
 */
export function cancelJobs(app: App, deps: CancelDeps & { sql: Database }): void {
  app.post(
    '/v1/jobs/cancel',
    { config: { scope: 'jobs' }, schema: { summary: 'Cancel many jobs', body } },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { batch_id: batchId = null, metadata = {} } = request.body;
      if (batchId === null && Object.keys(metadata).length === 0) {
        throw invalid([
          { param: 'batch_id', message: 'give batch_id or metadata; all jobs at once are never meant' },
        ]);
      }
      const work = async () => {
        if (batchId !== null)
          await requestBatchCancel(deps.sql, { accountId, kind: kindOf(batchId), id: batchId });
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
