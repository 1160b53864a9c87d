import { toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { findBatch, requestBatchCancel } from '../../../shared/batches/sql/batches.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';

/**
 * `POST /v1/batches/{id}/cancel`: what has ended keeps its result, the rest is stopped. Asking twice changes
 * nothing.
 */
export function cancelBatch(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'Cancel a batch', params: idParams };
  app.post('/v1/batches/:id/cancel', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const one = { accountId: accountOf(request), kind: 'openai' as const, id: request.params.id };
    return idempotent(request, reply, deps, async (tx) => {
      const batch = (await requestBatchCancel(tx, one)) ?? (await findBatch(tx, one));
      if (batch === null) throw notFound('batch');
      if (batch.state !== 'cancelling' && batch.state !== 'cancelled') {
        throw new Refusal('invalid_state', `The batch can no longer be cancelled: it is ${batch.state}`);
      }
      return { status: 200, body: toBatchObject(batch) };
    });
  });
}
