import multipart from '@fastify/multipart';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { createFile } from './create-file.ts';
import { deleteFile } from './delete-file.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { readFileContent } from './read-file-content.ts';
import { fileBytesMax } from './receive-file.ts';

/** Files as OpenAI's SDK knows them. Forms are read on the upload alone. */
export async function addFileRoutes(app: App, deps: { sql: Database }): Promise<void> {
  await app.register(async (scope) => {
    const limits = { fileSize: fileBytesMax, files: 1, fields: 8, fieldSize: 4096 };
    await scope.register(multipart, { limits });
    createFile(scope as unknown as App, deps);
  });
  listFiles(app, deps);
  readFile(app, deps);
  readFileContent(app, deps);
  deleteFile(app, deps);
}
