import { Readable } from 'node:stream';
import { chunkBytesMax, findFile, readBytes } from '../../../shared/batches/sql/files.ts';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';

/** `GET /v1/files/{id}/content`: its bytes, a chunk at a time and no faster than the client takes them. */
export function readFileContent(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'Download a file', params: idParams };
  app.get('/v1/files/:id/content', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const file = await findFile(deps.sql, accountOf(request), request.params.id);
    if (file === null) throw notFound('file');
    reply.header('content-type', 'application/octet-stream').header('content-length', Number(file.bytes));
    return reply.send(Readable.from(bytesOf(deps.sql, file.id), { objectMode: false, highWaterMark: 1 }));
  });
}

async function* bytesOf(sql: Database, fileId: string): AsyncGenerator<Buffer> {
  for (let offset = 0; ; ) {
    const bytes = await readBytes(sql, fileId, offset, chunkBytesMax);
    if (bytes === null) return;
    yield bytes;
    offset += bytes.length;
  }
}
