import { deleteFile as deleteStoredFile } from '../../../shared/batches/sql/files.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';

/** `DELETE /v1/files/{id}`. A file that a batch is still reading stays. */
export function deleteFile(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'Delete a file', params: idParams };
  app.delete('/v1/files/:id', { config: { scope: 'jobs' }, schema }, async (request) => {
    const { id } = request.params;
    const outcome = await deleteStoredFile(deps.sql, accountOf(request), id);
    if (outcome === null) throw notFound('file');
    if (outcome === 'busy')
      throw new Refusal('invalid_state', 'A batch is reading this file; try again shortly');
    return { id, object: 'file', deleted: true };
  });
}
