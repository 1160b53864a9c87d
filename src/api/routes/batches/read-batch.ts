import { toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { findBatch } from '../../../shared/batches/sql/batches.ts';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';

/** `GET /v1/batches/{id}`: one row, however many lines it has. */
export function readBatch(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'Read a batch', params: idParams };
  app.get('/v1/batches/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const batch = await findBatch(deps.sql, { accountId, kind: 'openai', id: request.params.id });
    if (batch === null) throw notFound('batch');
    return toBatchObject(batch);
  });
}
