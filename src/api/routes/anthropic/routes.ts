import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { createMessageBatchRoute } from './batches/create.ts';
import {
  cancelMessageBatchRoute,
  deleteMessageBatchRoute,
  getMessageBatchRoute,
  listMessageBatchesRoute,
} from './batches/read.ts';
import { downloadMessageBatchResultsRoute } from './batches/results.ts';
import { countMessageTokensRoute, createMessageRoute } from './messages.ts';

/** Messages and their batches as Anthropic's SDK knows them, on the same engine as every other surface. */
export function anthropicRoutes(app: App, deps: RouteDeps): void {
  createMessageRoute(app, deps);
  countMessageTokensRoute(app, deps);
  createMessageBatchRoute(app, deps);
  listMessageBatchesRoute(app, deps);
  getMessageBatchRoute(app, deps);
  downloadMessageBatchResultsRoute(app, deps);
  cancelMessageBatchRoute(app, deps);
  deleteMessageBatchRoute(app, deps);
}
