import { appendToFile, beginFile, dropFile, finishFile } from '../../../../shared/batches/sql/files.ts';
import { newId } from '../../../../shared/ids.ts';
import { overQuota } from '../../../../shared/platform/config/quotas.ts';
import type { Database, Transaction } from '../../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../../shared/platform/redis/signals.ts';
import type { App } from '../../../http/app.ts';
import { batchSubmitterOf } from '../../../http/batch-submitter.ts';
import { accountOf, limitOf } from '../../../http/caller.ts';
import { idempotent } from '../../../http/idempotent.ts';
import { validatedOf } from '../../../http/validated-body.ts';
import { submitBatch } from '../../../intake/create-batch.ts';
import { messageBatchObjectSchema } from '../../../openapi/schemas/message.ts';
import { messageBatchRequest } from '../../../openapi/schemas/requests.ts';
import { toMessageBatch } from './message-batch.ts';

const keptSeconds = 30 * 86_400;

/**
 * `POST /v1/messages/batches`: takes no money yet; the workers price the requests, and set it aside for all
 * of them together.
 */
export function createMessageBatchRoute(
  app: App,
  deps: { sql: Database; signals: Pick<Signals, 'publish'> },
): void {
  const schema = {
    operationId: 'createMessageBatch',
    response: { 200: messageBatchObjectSchema },
    tags: ['anthropic'],
    summary: 'Begin a batch of messages',
    body: messageBatchRequest,
  };
  const config = { scope: 'jobs' as const, validates: 'messageBatch' as const };
  app.post('/v1/messages/batches', { config, schema }, async (request, reply) => {
    const { requests, pieces } = validatedOf(request, 'messageBatch');
    const accountId = accountOf(request);
    const submitter = batchSubmitterOf(request);
    const storedMax = limitOf(request, 'stored_bytes');
    reply.header('request-id', request.id);
    const file = { id: newId('file'), accountId, storedMax };
    const work = async (tx: Transaction) => {
      const batch = await submitBatch(tx, submitter, async () => ({
        id: newId('msgbatch'),
        kind: 'anthropic',
        endpoint: '/v1/messages',
        inputFileId: (await finishFile(tx, { id: file.id, expiresInSeconds: keptSeconds })).id,
        asked: requests,
        retryOf: null,
        webhookUrl: null,
        metadata: null,
        outputExpiresSeconds: null,
      }));
      return { status: 200, body: toMessageBatch(batch, request) };
    };
    try {
      // A transaction that writes megabytes would keep its connection, and the account's usage locked, all
      // the while.
      const first = () => keepRequests(deps.sql, file, pieces);
      const answer = await idempotent(request, reply, deps, work, { first });
      deps.signals.publish('batches');
      return answer;
    } finally {
      // Still there when the batch was refused, or is one that was begun before.
      await dropFile(deps.sql, file.id).catch(() => undefined);
    }
  });
}

/** Keeps the requests as the lines of a file that only the workers read, and nobody until it is finished. */
async function keepRequests(
  sql: Database,
  { id, accountId, storedMax }: { id: string; accountId: string; storedMax: number },
  pieces: Uint8Array[],
): Promise<void> {
  await beginFile(sql, { id, accountId, purpose: 'message_batch', filename: 'requests.jsonl' });
  for (const { buffer, byteOffset, byteLength } of pieces) {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    if (!(await appendToFile(sql, id, bytes, storedMax))) throw overQuota('stored_bytes', storedMax);
  }
}
