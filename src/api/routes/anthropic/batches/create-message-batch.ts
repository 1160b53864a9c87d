import { z } from 'zod';
import { batchLinesMax } from '../../../../shared/domain/batch.ts';
import { invalid } from '../../../../shared/domain/errors.ts';
import { newId } from '../../../../shared/domain/ids.ts';
import { overQuota } from '../../../../shared/domain/quotas.ts';
import type { Database, Transaction } from '../../../../shared/sql/database.ts';
import {
  appendToFile,
  beginFile,
  chunkBytesMax,
  dropFile,
  finishFile,
} from '../../../../shared/sql/files.ts';
import type { App } from '../../../http/app.ts';
import { batchOrdererOf } from '../../../http/batch-orderer.ts';
import { accountOf, limitOf } from '../../../http/caller.ts';
import { idempotent } from '../../../http/idempotent.ts';
import { orderBatch } from '../../../intake/order-batch.ts';
import { toMessageBatch } from './message-batch.ts';

/** The body (SDK 1.12 `BatchCreateParams`). What is wrong inside `params` becomes the result of that request. */
const body = z.strictObject({
  requests: z
    .array(
      z.strictObject({
        custom_id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
          error: 'must be 1 to 64 letters, digits, underscores or dashes',
        }),
        params: z.looseObject({}),
      }),
    )
    .min(1, { error: 'must have at least one request' })
    .max(batchLinesMax, { error: `must have at most ${batchLinesMax} requests` }),
});

type Requests = z.output<typeof body>['requests'];

const keptSeconds = 30 * 86_400;

/** `POST /v1/messages/batches`: takes no money yet; the workers price the requests, and set it aside for all of them together. */
export function createMessageBatch(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'Begin a batch of messages', body };
  app.post('/v1/messages/batches', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const { requests } = request.body;
    const accountId = accountOf(request);
    const orderer = batchOrdererOf(request);
    const storedMax = limitOf(request, 'stored_bytes');
    refuseTwice(requests);
    reply.header('request-id', request.id);
    const file = { id: newId('file'), accountId, storedMax };
    const work = async (tx: Transaction) => {
      const batch = await orderBatch(tx, orderer, async () => ({
        id: newId('msgbatch'),
        kind: 'anthropic',
        endpoint: '/v1/messages',
        inputFileId: (await finishFile(tx, { id: file.id, expiresInSeconds: keptSeconds })).id,
        asked: requests.length,
        retryOf: null,
        webhookUrl: null,
        metadata: null,
        outputExpiresSeconds: null,
      }));
      return { status: 200, body: toMessageBatch(batch, request) };
    };
    try {
      // A transaction that writes megabytes would keep its connection, and the account's usage locked, all the while.
      const first = () => keepRequests(deps.sql, file, requests);
      return await idempotent(request, reply, deps, work, { first });
    } finally {
      // Still there when the batch was refused, or is one that was begun before.
      await dropFile(deps.sql, file.id).catch(() => undefined);
    }
  });
}

function refuseTwice(requests: Requests): void {
  const seen = new Set<string>();
  const problems = requests.flatMap(({ custom_id }, index) => {
    if (!seen.has(custom_id)) {
      seen.add(custom_id);
      return [];
    }
    const message = `${JSON.stringify(custom_id)} is used by an earlier request of this batch`;
    return [{ param: `requests.${index}.custom_id`, message }];
  });
  if (problems.length > 0) throw invalid(problems);
}

/** Keeps the requests as the lines of a file that only the workers read, and nobody until it is finished. */
async function keepRequests(
  sql: Database,
  { id, accountId, storedMax }: { id: string; accountId: string; storedMax: number },
  requests: Requests,
): Promise<void> {
  const keep = async (lines: string) => {
    if (await appendToFile(sql, id, Buffer.from(lines), storedMax)) return;
    throw overQuota('stored_bytes', storedMax);
  };
  await beginFile(sql, { id, accountId, purpose: 'message_batch', filename: 'requests.jsonl' });
  let text = '';
  for (const { custom_id, params } of requests) {
    text += `${JSON.stringify({ custom_id, method: 'POST', url: '/v1/messages', body: params })}\n`;
    if (text.length < chunkBytesMax) continue;
    await keep(text);
    text = '';
  }
  await keep(text);
}
