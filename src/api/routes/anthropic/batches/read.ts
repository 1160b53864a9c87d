import { z } from 'zod';
import {
  eraseBatch,
  findBatch,
  listBatches,
  requestBatchCancel,
} from '../../../../shared/batches/sql/batches.ts';
import { notFound, Refusal } from '../../../../shared/errors.ts';
import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../../shared/platform/redis/signals.ts';
import type { App } from '../../../http/app.ts';
import { accountOf } from '../../../http/caller.ts';
import { idempotent } from '../../../http/idempotent.ts';
import { betaQuery, cursorOf } from '../../../http/pages.ts';
import { idParams } from '../../../http/schemas.ts';
import { documentedAs, json } from '../../../openapi/components.ts';
import {
  deletedMessageBatchSchema,
  messageBatchListSchema,
  messageBatchObjectSchema,
} from '../../../openapi/schemas/message.ts';
import { toMessageBatch } from './message-batch.ts';

const limitProblem = { error: 'must be a whole number from 1 to 1000' };
const query = z.strictObject({
  limit: documentedAs(
    z
      .string()
      .regex(/^\d{1,4}$/, limitProblem)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= 1000, limitProblem),
    { type: 'integer', minimum: 1, maximum: 1000 },
  ).default(20),
  after_id: cursorOf('msgbatch'),
  before_id: cursorOf('msgbatch'),
  ...betaQuery,
});

/** `GET /v1/messages/batches`: the account's, newest first; a page goes on after an id, or back from one. */
export function listMessageBatchesRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'listMessageBatches',
    response: { 200: json(messageBatchListSchema) },
    tags: ['anthropic'],
    summary: 'List batches of messages',
    querystring: query,
  };
  app.get('/v1/messages/batches', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const { limit, after_id: after = null, before_id: before = null } = request.query;
    const filter = { accountId: accountOf(request), kind: 'anthropic' as const, limit, after, before };
    const rows = await listBatches(deps.sql, filter);
    const page = rows.slice(0, limit).map((batch) => toMessageBatch(batch, request));
    const data = before === null ? page : page.toReversed();
    reply.header('request-id', request.id);
    return {
      data,
      has_more: rows.length > limit,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    };
  });
}

/** `GET /v1/messages/batches/{id}`. */
export function getMessageBatchRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'getMessageBatch',
    response: { 200: json(messageBatchObjectSchema) },
    tags: ['anthropic'],
    summary: 'Read a batch of messages',
    params: idParams,
  };
  app.get('/v1/messages/batches/:id', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const one = { accountId: accountOf(request), kind: 'anthropic' as const, id: request.params.id };
    const batch = await findBatch(deps.sql, one);
    if (batch === null) throw notFound('message batch');
    reply.header('request-id', request.id);
    return toMessageBatch(batch, request);
  });
}

/** `POST /v1/messages/batches/{id}/cancel`: of one that is ending or has ended it only says how it stands. */
export function cancelMessageBatchRoute(
  app: App,
  deps: { sql: Database; signals: Pick<Signals, 'publish'> },
): void {
  const schema = {
    operationId: 'cancelMessageBatch',
    response: { 200: json(messageBatchObjectSchema) },
    tags: ['anthropic'],
    summary: 'Cancel a batch of messages',
    params: idParams,
  };
  app.post(
    '/v1/messages/batches/:id/cancel',
    { config: { scope: 'jobs' }, schema },
    async (request, reply) => {
      const one = { accountId: accountOf(request), kind: 'anthropic' as const, id: request.params.id };
      reply.header('request-id', request.id);
      const answer = await idempotent(request, reply, deps, async (tx) => {
        const batch = (await requestBatchCancel(tx, one)) ?? (await findBatch(tx, one));
        if (batch === null) throw notFound('message batch');
        return { status: 200, body: toMessageBatch(batch, request) };
      });
      deps.signals.publish('batches');
      return answer;
    },
  );
}

/**
 * `DELETE /v1/messages/batches/{id}` of one that has ended: its requests and results are erased; what it cost
 * stays.
 */
export function deleteMessageBatchRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'deleteMessageBatch',
    response: { 200: json(deletedMessageBatchSchema) },
    tags: ['anthropic'],
    summary: 'Delete a batch of messages',
    params: idParams,
  };
  app.delete(
    '/v1/messages/batches/:id',
    { config: { scope: 'jobs', refuses: [409] }, schema },
    async (request, reply) => {
      const { id } = request.params;
      const erased = await eraseBatch(deps.sql, { accountId: accountOf(request), kind: 'anthropic', id });
      if (erased === null) throw notFound('message batch');
      if (!erased) throw new Refusal('invalid_state', 'The batch has not ended; cancel it first');
      reply.header('request-id', request.id);
      return { id, type: 'message_batch_deleted' };
    },
  );
}
