import { z } from 'zod';
import { toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { findBatch, listBatches, requestBatchCancel } from '../../../shared/batches/sql/batches.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { cursorOf, pageQuery, routingQuery, toPage } from '../../http/pages.ts';
import { idParams } from '../../http/schemas.ts';
import { json } from '../../openapi/components.ts';
import { batchListSchema, batchSchema } from '../../openapi/schemas/batch.ts';

/** `GET /v1/batches/{id}`: one row, however many lines it has. */
export function getBatchRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'getBatch',
    response: { 200: json(batchSchema) },
    tags: ['openai'],
    summary: 'Read a batch',
    params: idParams,
  };
  app.get('/v1/batches/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const batch = await findBatch(deps.sql, { accountId, kind: 'openai', id: request.params.id });
    if (batch === null) throw notFound('batch');
    return toBatchObject(batch);
  });
}

/** `GET /v1/batches`: the account's batches, newest first. */
export function listBatchesRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'listBatches',
    response: { 200: json(batchListSchema) },
    tags: ['openai'],
    summary: 'List batches',
    querystring: z.strictObject({ ...pageQuery, ...routingQuery, after: cursorOf('batch') }),
  };
  app.get('/v1/batches', { config: { scope: 'read' }, schema }, async (request) => {
    const { limit, after = null } = request.query;
    const filter = { accountId: accountOf(request), kind: 'openai' as const, after, before: null, limit };
    const batches = await listBatches(deps.sql, filter);
    return toPage(batches.map(toBatchObject), limit);
  });
}

/**
 * `POST /v1/batches/{id}/cancel`: what has ended keeps its result, the rest is stopped. Asking twice changes
 * nothing.
 */
export function cancelBatchRoute(app: App, deps: { sql: Database; signals: Pick<Signals, 'publish'> }): void {
  const schema = {
    operationId: 'cancelBatch',
    response: { 200: json(batchSchema) },
    tags: ['openai'],
    summary: 'Cancel a batch',
    params: idParams,
  };
  app.post('/v1/batches/:id/cancel', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const one = { accountId: accountOf(request), kind: 'openai' as const, id: request.params.id };
    const answer = await idempotent(request, reply, deps, async (tx) => {
      const batch = (await requestBatchCancel(tx, one)) ?? (await findBatch(tx, one));
      if (batch === null) throw notFound('batch');
      if (batch.state !== 'cancelling' && batch.state !== 'cancelled') {
        throw new Refusal('invalid_state', `The batch can no longer be cancelled: it is ${batch.state}`);
      }
      return { status: 200, body: toBatchObject(batch) };
    });
    deps.signals.publish('batches');
    return answer;
  });
}
