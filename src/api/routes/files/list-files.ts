import { z } from 'zod';
import { listFiles as listStoredFiles } from '../../../shared/batches/sql/files.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { cursorOf, pageQuery, toPage } from '../../http/pages.ts';
import { toFileObject } from './file-object.ts';

const query = z.strictObject({
  ...pageQuery,
  after: cursorOf('file'),
  purpose: z.string().optional(),
  order: z.enum(['asc', 'desc']).default('desc'),
});

/** `GET /v1/files`: the account's files, newest first unless asked otherwise. */
export function listFiles(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'List files', querystring: query };
  app.get('/v1/files', { config: { scope: 'read' }, schema }, async (request) => {
    const { purpose = null, after = null, order, limit } = request.query;
    const files = await listStoredFiles(deps.sql, {
      accountId: accountOf(request),
      purpose,
      after,
      order,
      limit,
    });
    return toPage(files.map(toFileObject), limit);
  });
}
