import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { App } from '../../../http/app.ts';
import { cancelMessageBatch } from './cancel-message-batch.ts';
import { createMessageBatch } from './create-message-batch.ts';
import { deleteMessageBatch } from './delete-message-batch.ts';
import { listMessageBatches } from './list-message-batches.ts';
import { readMessageBatch } from './read-message-batch.ts';
import { streamMessageResults } from './stream-message-results.ts';

/** Batches of messages as Anthropic's SDK knows them, on the same engine as every other batch. */
export function addMessageBatchRoutes(app: App, deps: { sql: Database }): void {
  createMessageBatch(app, deps);
  listMessageBatches(app, deps);
  readMessageBatch(app, deps);
  streamMessageResults(app, deps);
  cancelMessageBatch(app, deps);
  deleteMessageBatch(app, deps);
}
