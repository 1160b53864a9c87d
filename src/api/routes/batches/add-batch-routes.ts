import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Validator } from '../../../shared/validation/validator.ts';
import type { App } from '../../http/app.ts';
import { cancelBatch } from './cancel-batch.ts';
import { createBatch } from './create-batch.ts';
import { estimateBatch } from './estimate-batch.ts';
import { listBatches } from './list-batches.ts';
import { readBatch } from './read-batch.ts';
import { retryBatch } from './retry-batch.ts';

/** Batches as OpenAI's SDK knows them. */
export function addBatchRoutes(
  app: App,
  deps: { sql: Database; validator: Validator; webhooks: { allowPrivate: boolean } },
): void {
  estimateBatch(app, deps);
  createBatch(app, deps);
  listBatches(app, deps);
  readBatch(app, deps);
  cancelBatch(app, deps);
  retryBatch(app, deps);
}
