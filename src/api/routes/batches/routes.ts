import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { createBatchRoute, retryBatchRoute } from './create.ts';
import { estimateBatchRoute } from './estimate.ts';
import { cancelBatchRoute, getBatchRoute, listBatchesRoute } from './read.ts';

/** Batches as OpenAI's SDK knows them. */
export function batchRoutes(app: App, deps: RouteDeps): void {
  estimateBatchRoute(app, deps);
  createBatchRoute(app, deps);
  listBatchesRoute(app, deps);
  getBatchRoute(app, deps);
  cancelBatchRoute(app, deps);
  retryBatchRoute(app, deps);
}
