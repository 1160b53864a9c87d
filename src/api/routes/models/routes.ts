import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { getModelRoute, listModelsRoute } from './models.ts';

/** The models that can be used. */
export function modelRoutes(app: App, deps: RouteDeps): void {
  const listed = { catalogue: deps.models.catalogue, providers: deps.models.providers };
  listModelsRoute(app, listed);
  getModelRoute(app, listed);
}
