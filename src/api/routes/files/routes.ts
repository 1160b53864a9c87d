import multipart from '@fastify/multipart';
import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { deleteFileRoute, downloadFileRoute, getFileRoute, listFilesRoute } from './read.ts';
import { fileBytesMax } from './receive-file.ts';
import { createFileRoute } from './upload.ts';

/** Files as OpenAI's SDK knows them. Forms are read on the upload alone. */
export async function fileRoutes(app: App, deps: RouteDeps): Promise<void> {
  await app.register(async (scope) => {
    const limits = { fileSize: fileBytesMax, files: 1, fields: 8, fieldSize: 4096 };
    await scope.register(multipart, { limits });
    createFileRoute(scope as unknown as App, deps);
  });
  listFilesRoute(app, deps);
  getFileRoute(app, deps);
  downloadFileRoute(app, deps);
  deleteFileRoute(app, deps);
}
