import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { createChatCompletionRoute } from './create-chat-completion.ts';
import { createResponseRoute } from './create-response.ts';
import { listResponseItemsRoute } from './list-response-items.ts';
import { cancelResponseRoute, deleteResponseRoute, getResponseRoute } from './responses.ts';

/** Chat completions and responses as OpenAI's SDK knows them. */
export function openaiRoutes(app: App, deps: RouteDeps): void {
  createChatCompletionRoute(app, deps);
  createResponseRoute(app, deps);
  getResponseRoute(app, deps);
  cancelResponseRoute(app, deps);
  deleteResponseRoute(app, deps);
  listResponseItemsRoute(app, deps);
}
