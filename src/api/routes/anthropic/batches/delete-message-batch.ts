import { eraseBatch } from '../../../../shared/batches/sql/batches.ts';
import { notFound, Refusal } from '../../../../shared/errors.ts';
import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { App } from '../../../http/app.ts';
import { accountOf } from '../../../http/caller.ts';
import { idParams } from '../../../http/schemas.ts';

/**
 * `DELETE /v1/messages/batches/{id}` of one that has ended: its requests and results are erased; what it cost
 * stays.
 */
export function deleteMessageBatch(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'Delete a batch of messages', params: idParams };
  app.delete('/v1/messages/batches/:id', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const { id } = request.params;
    const erased = await eraseBatch(deps.sql, { accountId: accountOf(request), kind: 'anthropic', id });
    if (erased === null) throw notFound('message batch');
    if (!erased) throw new Refusal('invalid_state', 'The batch has not ended; cancel it first');
    reply.header('request-id', request.id);
    return { id, type: 'message_batch_deleted' };
  });
}
