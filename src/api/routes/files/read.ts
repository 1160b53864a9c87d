import { Readable } from 'node:stream';
import { z } from 'zod';
import {
  chunkBytesMax,
  deleteFile,
  findFile,
  listFiles,
  readBytes,
} from '../../../shared/batches/sql/files.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { cursorOf, pageQuery, routingQuery, sortParameter, sortQuery, toPage } from '../../http/pages.ts';
import { idParams } from '../../http/schemas.ts';
import { json, media } from '../../openapi/components.ts';
import { deletedFileSchema, fileListSchema, fileSchema } from '../../openapi/schemas/file.ts';
import { toFileObject } from './file-object.ts';

const query = z.strictObject({
  ...pageQuery,
  after: cursorOf('file'),
  purpose: z.string().optional(),
  ...sortQuery,
  ...routingQuery,
});

/** `GET /v1/files`: the account's files, newest first unless asked otherwise. */
export function listFilesRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'listFiles',
    response: { 200: json(fileListSchema) },
    tags: ['openai'],
    summary: 'List files',
    querystring: query,
  };
  app.get('/v1/files', { config: { scope: 'read', refuses: [404] }, schema }, async (request) => {
    const { purpose = null, after = null, limit, [sortParameter]: direction } = request.query;
    const files = await listFiles(deps.sql, {
      accountId: accountOf(request),
      purpose,
      after,
      direction,
      limit,
    });
    return toPage(files.map(toFileObject), limit);
  });
}

/** `GET /v1/files/{id}`. */
export function getFileRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'getFile',
    response: { 200: json(fileSchema) },
    tags: ['openai'],
    summary: 'Read what is known of a file',
    params: idParams,
  };
  app.get('/v1/files/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const file = await findFile(deps.sql, accountOf(request), request.params.id);
    if (file === null) throw notFound('file');
    return toFileObject(file);
  });
}

/** `GET /v1/files/{id}/content`: its bytes, a chunk at a time and no faster than the client takes them. */
export function downloadFileRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'downloadFile',
    response: { 200: media({ 'application/octet-stream': z.string().describe('The bytes of the file') }) },
    tags: ['openai'],
    summary: 'Download a file',
    params: idParams,
  };
  app.get('/v1/files/:id/content', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const file = await findFile(deps.sql, accountOf(request), request.params.id);
    if (file === null) throw notFound('file');
    reply.headers({
      'content-type': 'application/octet-stream',
      'content-length': Number(file.bytes),
      'content-disposition': attachmentAs(file.filename),
    });
    return reply.send(Readable.from(bytesOf(deps.sql, file.id), { objectMode: false, highWaterMark: 1 }));
  });
}

/** The header of a download (RFC 6266): its name in plain letters, and in full where it has others. */
function attachmentAs(name: string): string {
  const plain = name.replace(/[^ -~]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, percentEncoded);
  const full = plain === name ? '' : `; filename*=UTF-8''${encoded}`;
  return `attachment; filename="${plain}"${full}`;
}

const percentEncoded = (letter: string) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;

async function* bytesOf(sql: Database, fileId: string): AsyncGenerator<Buffer> {
  for (let offset = 0; ; ) {
    const bytes = await readBytes(sql, fileId, offset, chunkBytesMax);
    if (bytes === null) return;
    yield bytes;
    offset += bytes.length;
  }
}

/** `DELETE /v1/files/{id}`. A file that a batch is still reading stays. */
export function deleteFileRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'deleteFile',
    response: { 200: json(deletedFileSchema) },
    tags: ['openai'],
    summary: 'Delete a file',
    params: idParams,
  };
  app.delete('/v1/files/:id', { config: { scope: 'jobs', refuses: [409] }, schema }, async (request) => {
    const { id } = request.params;
    const outcome = await deleteFile(deps.sql, accountOf(request), id);
    if (outcome === null) throw notFound('file');
    if (outcome === 'busy')
      throw new Refusal('invalid_state', 'A batch is reading this file; try again shortly');
    return { id, object: 'file', deleted: true };
  });
}
