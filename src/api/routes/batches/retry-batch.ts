import { toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { findBatch } from '../../../shared/batches/sql/batches.ts';
import { findFile } from '../../../shared/batches/sql/files.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { newId } from '../../../shared/ids.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { batchSubmitterOf } from '../../http/batch-submitter.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { submitBatch } from '../../intake/create-batch.ts';
import { retryMetadata } from '../../intake/retry-metadata.ts';

/**
 * `POST /v1/batches/{id}/retry`: a new batch of the lines of an ended one that did not succeed, at today's
 * price.
 */
export function retryBatch(app: App, deps: { sql: Database }): void {
  const schema = {
    tags: ['openai'],
    summary: 'Repeat the lines of a batch that did not succeed',
    params: idParams,
  };
  app.post('/v1/batches/:id/retry', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const submitter = batchSubmitterOf(request);
    return idempotent(request, reply, deps, async (tx) => {
      const earlier = await findBatch(tx, { accountId, kind: 'openai', id: request.params.id });
      if (earlier === null) throw notFound('batch');
      refuseRetry(earlier);
      const file = await findFile(tx, accountId, earlier.inputFileId);
      if (file === null) throw new Refusal('invalid_state', 'The input file of this batch is gone');
      const batch = await submitBatch(tx, submitter, async () => ({
        id: newId('batch'),
        kind: 'openai',
        endpoint: earlier.endpoint,
        inputFileId: file.id,
        asked: null,
        retryOf: earlier.id,
        webhookUrl: earlier.webhookUrl,
        metadata: retryMetadata(earlier.id, earlier.metadata ?? {}),
        outputExpiresSeconds: earlier.outputExpiresSeconds,
      }));
      return { status: 200, body: toBatchObject(batch), location: `/v1/batches/${batch.id}` };
    });
  });
}

function refuseRetry(batch: Parameters<typeof toBatchObject>[0]): void {
  if (batch.finishedAt === null)
    throw new Refusal('invalid_state', `The batch has not ended: it is ${batch.state}`);
  if (batch.total === 0) {
    throw new Refusal('invalid_state', 'No line of this batch was begun; create a new batch');
  }
  if (batch.completed === batch.total)
    throw new Refusal('invalid_state', 'Every line of this batch succeeded');
}
