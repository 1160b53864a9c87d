import multipart from '@fastify/multipart';
import type { QuoteDeps } from '../../../shared/requests/quote-job.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { App } from '../../http/app.ts';
import { createFile } from '../files/create-file.ts';
import { deleteFile } from '../files/delete-file.ts';
import { listFiles } from '../files/list-files.ts';
import { readFile } from '../files/read-file.ts';
import { readFileContent } from '../files/read-file-content.ts';
import { fileBytesMax } from '../files/receive-file.ts';
import { cancelBatch } from './cancel-batch.ts';
import { createBatch } from './create-batch.ts';
import { estimateBatch } from './estimate-batch.ts';
import { listBatches } from './list-batches.ts';
import { readBatch } from './read-batch.ts';
import { retryBatch } from './retry-batch.ts';

/** Files and batches as OpenAI's SDK knows them. Forms are read on the upload alone. */
export async function addBatchRoutes(app: App, deps: QuoteDeps & { sql: Database }): Promise<void> {
  await app.register(async (scope) => {
    const limits = { fileSize: fileBytesMax, files: 1, fields: 8, fieldSize: 4096 };
    await scope.register(multipart, { limits });
    createFile(scope as unknown as App, deps);
  });
  listFiles(app, deps);
  readFile(app, deps);
  readFileContent(app, deps);
  deleteFile(app, deps);

  estimateBatch(app, deps);
  createBatch(app, deps);
  listBatches(app, deps);
  readBatch(app, deps);
  cancelBatch(app, deps);
  retryBatch(app, deps);
}
