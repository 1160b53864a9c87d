import multipart from '@fastify/multipart';
import { Refusal } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';
import { apiOf } from '../../http/vendor-words.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { deleteFileRoute, downloadFileRoute, getFileRoute, listFilesRoute } from './read.ts';
import { fileBytesMax } from './receive-file.ts';
import { createFileRoute } from './upload.ts';

const noFilesApi =
  "Anthropic's Files API is not served here; send documents and images with the message, as base64";

/**
 * Files as OpenAI's SDK knows them. Forms are read on the upload alone; whatever is sent as `file` is one,
 * with or without a name. Who means Anthropic's files is refused: those here are not theirs.
 */
export async function fileRoutes(app: App, deps: RouteDeps): Promise<void> {
  app.addHook('onRequest', async (request) => {
    if (apiOf(request) === 'anthropic') throw new Refusal('not_found', noFilesApi);
  });
  await app.register(async (scope) => {
    const limits = { fileSize: fileBytesMax, files: 1, fields: 32, fieldSize: 4096 };
    await scope.register(multipart, { limits, isPartAFile: (name) => name === 'file' });
    createFileRoute(scope as unknown as App, deps);
  });
  listFilesRoute(app, deps);
  getFileRoute(app, deps);
  downloadFileRoute(app, deps);
  deleteFileRoute(app, deps);
}
