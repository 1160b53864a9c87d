import { findFile } from '../../../shared/batches/sql/files.ts';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';
import { toFileObject } from './file-object.ts';

/** `GET /v1/files/{id}`. */
export function readFile(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'Read what is known of a file', params: idParams };
  app.get('/v1/files/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const file = await findFile(deps.sql, accountOf(request), request.params.id);
    if (file === null) throw notFound('file');
    return toFileObject(file);
  });
}
