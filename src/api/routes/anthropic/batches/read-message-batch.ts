import { findBatch } from '../../../../shared/batches/sql/batches.ts';
import { notFound } from '../../../../shared/errors.ts';
import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { App } from '../../../http/app.ts';
import { accountOf } from '../../../http/caller.ts';
import { idParams } from '../../../http/schemas.ts';
import { toMessageBatch } from './message-batch.ts';

/** `GET /v1/messages/batches/{id}`. */
export function readMessageBatch(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'Read a batch of messages', params: idParams };
  app.get('/v1/messages/batches/:id', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const one = { accountId: accountOf(request), kind: 'anthropic' as const, id: request.params.id };
    const batch = await findBatch(deps.sql, one);
    if (batch === null) throw notFound('message batch');
    reply.header('request-id', request.id);
    return toMessageBatch(batch, request);
  });
}
