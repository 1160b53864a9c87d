import { z } from 'zod';
import { batchEndpoints, toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { findBatch } from '../../../shared/batches/sql/batches.ts';
import { findFile } from '../../../shared/batches/sql/files.ts';
import { invalid, notFound, Refusal } from '../../../shared/errors.ts';
import { metadataSchema } from '../../../shared/formats/common/metadata-schema.ts';
import { newId } from '../../../shared/ids.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { checkWebhookUrl } from '../../../shared/webhooks/webhook-target.ts';
import type { App } from '../../http/app.ts';
import { batchSubmitterOf } from '../../http/batch-submitter.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { submitBatch } from '../../intake/create-batch.ts';
import { retryMetadata } from '../../intake/retry-metadata.ts';
import { json } from '../../openapi/components.ts';
import { batchSchema } from '../../openapi/schemas/batch.ts';
import { batchHints, endpointSchema, requireInputFile } from './batch-input.ts';

const body = z.strictObject({
  input_file_id: z.string().min(1),
  endpoint: endpointSchema,
  completion_window: z.literal('24h', { error: 'must be "24h"' }),
  metadata: metadataSchema.nullish(),
  output_expires_after: z
    .strictObject({ anchor: z.literal('created_at'), seconds: z.int().min(3600).max(2_592_000) })
    .nullish(),
  ...batchHints,
});

/**
 * `POST /v1/batches`: takes no money yet; the workers read the file, and set it aside for all lines together.
 */
export function createBatchRoute(
  app: App,
  deps: { sql: Database; webhooks: { allowPrivate: boolean }; signals: Pick<Signals, 'publish'> },
): void {
  const summary = `Begin a batch of calls to ${batchEndpoints.join(' or ')}`;
  const schema = {
    operationId: 'createBatch',
    response: { 200: batchSchema },
    tags: ['openai'],
    summary,
    body,
  };
  app.post('/v1/batches', { config: { scope: 'jobs', refuses: [404] }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const submitter = batchSubmitterOf(request);
    const { input_file_id: inputFileId, endpoint, metadata = null, output_expires_after } = request.body;
    const webhookUrl = metadata?.['webhook_url'] ?? null;
    const problem = webhookUrl === null ? null : checkWebhookUrl(webhookUrl, deps.webhooks);
    if (problem !== null) throw invalid([{ ...problem, param: 'metadata.webhook_url' }]);
    const answer = await idempotent(request, reply, deps, async (tx) => {
      await requireInputFile(tx, accountId, inputFileId);
      const batch = await submitBatch(tx, submitter, async () => ({
        id: newId('batch'),
        kind: 'openai',
        endpoint,
        inputFileId,
        asked: null,
        retryOf: null,
        webhookUrl,
        metadata,
        outputExpiresSeconds: output_expires_after?.seconds ?? null,
      }));
      return { status: 200, body: toBatchObject(batch), location: `/v1/batches/${batch.id}` };
    });
    deps.signals.publish('batches');
    return answer;
  });
}

/**
 * `POST /v1/batches/{id}/retry`: a new batch of the lines of an ended one that did not succeed, at today's
 * price.
 */
export function retryBatchRoute(app: App, deps: { sql: Database; signals: Pick<Signals, 'publish'> }): void {
  const schema = {
    operationId: 'retryBatch',
    response: { 200: json(batchSchema) },
    tags: ['openai'],
    summary: 'Repeat the lines of a batch that did not succeed',
    params: idParams,
  };
  app.post('/v1/batches/:id/retry', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const submitter = batchSubmitterOf(request);
    const answer = await idempotent(request, reply, deps, async (tx) => {
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
    deps.signals.publish('batches');
    return answer;
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
