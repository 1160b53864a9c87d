import type { FastifyInstance } from 'fastify';
import type { RouteSchema, RouteToDescribe } from './describe-operation.ts';

/**
 * Collects the routes that are added after it, for the document. What Fastify adds by itself, to a GET for
 * HEAD or for CORS, says nothing of its own and is left out.
 */
export function collectRoutes(app: FastifyInstance): RouteToDescribe[] {
  const routes: RouteToDescribe[] = [];
  app.addHook('onRoute', ({ method, url, config = {}, schema = {} }) => {
    for (const one of [method].flat()) {
      if (one === 'HEAD' || one === 'OPTIONS') continue;
      routes.push({ method: one, url, config, schema: schema as RouteSchema });
    }
  });
  return routes;
}

/** Throws when a route that is not hidden has no operation id, no tag or no answer, or shares its id. */
export function refuseUndescribed(routes: readonly RouteToDescribe[]): void {
  const shown = routes.filter(({ schema }) => schema.hide !== true);
  const bare = shown.filter(
    ({ schema: { operationId, tags = [], response = {} } }) =>
      operationId === undefined || tags.length === 0 || Object.keys(response).length === 0,
  );
  if (bare.length > 0) {
    throw new Error(`no operationId, tag or response is described for ${bare.map(nameOf).join(', ')}`);
  }
  const ids = shown.map(({ schema }) => schema.operationId);
  const twice = shown.filter(({ schema }, index) => ids.indexOf(schema.operationId) !== index);
  if (twice.length > 0)
    throw new Error(`another route has the operationId of ${twice.map(nameOf).join(', ')}`);
}

const nameOf = ({ method, url }: RouteToDescribe) => `${method} ${url}`;
