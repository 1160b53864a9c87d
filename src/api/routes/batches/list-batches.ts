import { z } from 'zod';
import { toBatchObject } from '../../../shared/batches/rules/batch.ts';
import { listBatches as listStoredBatches } from '../../../shared/batches/sql/batches.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { cursorOf, pageQuery, toPage } from '../../http/pages.ts';

/** `GET /v1/batches`: the account's batches, newest first. */
export function listBatches(app: App, deps: { sql: Database }): void {
  const schema = {
    tags: ['openai'],
    summary: 'List batches',
    querystring: z.strictObject({ ...pageQuery, after: cursorOf('batch') }),
  };
  app.get('/v1/batches', { config: { scope: 'read' }, schema }, async (request) => {
    const { limit, after = null } = request.query;
    const filter = { accountId: accountOf(request), kind: 'openai' as const, after, before: null, limit };
    const batches = await listStoredBatches(deps.sql, filter);
    return toPage(batches.map(toBatchObject), limit);
  });
}
