import { z } from 'zod';
import { batchEndpoints, toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { invalid } from '../../../shared/errors.ts';
import { metadataSchema } from '../../../shared/formats/common/metadata-schema.ts';
import { newId } from '../../../shared/ids.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { checkWebhookUrl } from '../../../shared/webhooks/webhook-target.ts';
import type { App } from '../../http/app.ts';
import { batchSubmitterOf } from '../../http/batch-submitter.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { submitBatch } from '../../intake/create-batch.ts';
import { requireInputFile } from './require-input-file.ts';
import { endpointSchema } from './schemas.ts';

const body = z.strictObject({
  input_file_id: z.string().min(1),
  endpoint: endpointSchema,
  completion_window: z.literal('24h', { error: 'must be "24h"' }),
  metadata: metadataSchema.nullish(),
  output_expires_after: z
    .strictObject({ anchor: z.literal('created_at'), seconds: z.int().min(3600).max(2_592_000) })
    .nullish(),
});

/**
 * `POST /v1/batches`: takes no money yet; the workers read the file, and set it aside for all lines together.
 */
export function createBatch(app: App, deps: { sql: Database; webhooks: { allowPrivate: boolean } }): void {
  const summary = `Begin a batch of calls to ${batchEndpoints.join(' or ')}`;
  const schema = { tags: ['openai'], summary, body };
  app.post('/v1/batches', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const submitter = batchSubmitterOf(request);
    const { input_file_id: inputFileId, endpoint, metadata = null, output_expires_after } = request.body;
    const webhookUrl = metadata?.['webhook_url'] ?? null;
    const problem = webhookUrl === null ? null : checkWebhookUrl(webhookUrl, deps.webhooks);
    if (problem !== null) throw invalid([{ ...problem, param: 'metadata.webhook_url' }]);
    return idempotent(request, reply, deps, async (tx) => {
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
  });
}
