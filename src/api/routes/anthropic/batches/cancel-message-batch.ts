import { findBatch, requestBatchCancel } from '../../../../shared/batches/sql/batches.ts';
import { notFound } from '../../../../shared/errors.ts';
import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { App } from '../../../http/app.ts';
import { accountOf } from '../../../http/caller.ts';
import { idempotent } from '../../../http/idempotent.ts';
import { idParams } from '../../../http/schemas.ts';
import { toMessageBatch } from './message-batch.ts';

/** `POST /v1/messages/batches/{id}/cancel`: of one that is ending or has ended it only says how it stands. */
export function cancelMessageBatch(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'Cancel a batch of messages', params: idParams };
  app.post('/v1/messages/batches/:id/cancel', { config: { scope: 'jobs' }, schema }, (request, reply) => {
    const one = { accountId: accountOf(request), kind: 'anthropic' as const, id: request.params.id };
    reply.header('request-id', request.id);
    return idempotent(request, reply, deps, async (tx) => {
      const batch = (await requestBatchCancel(tx, one)) ?? (await findBatch(tx, one));
      if (batch === null) throw notFound('message batch');
      return { status: 200, body: toMessageBatch(batch, request) };
    });
  });
}
