import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { App } from '../http/app.ts';
import { setScopeOfPlugin } from '../http/scopes.ts';
import { refuseUndescribed } from './collect-routes.ts';
import type { Json } from './components.ts';
import type { RouteToDescribe } from './describe-operation.ts';
import { docsTheme } from './docs-theme.ts';
import { toDocument } from './document.ts';

/**
 * Serves the description of these routes as `GET /openapi.json` (OpenAPI 3.1), and its pages as `GET /docs`.
 * Call after the last route. Throws when one of them is not described.
 */
export async function serveDocuments(
  app: App,
  routes: readonly RouteToDescribe[],
  publicUrl: string | null,
): Promise<void> {
  refuseUndescribed(routes);
  let made: Json | null = null;
  const document = () => {
    made ??= toDocument(routes, publicUrl);
    return made;
  };
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, () => document());
  await app.register(async (docs) => {
    setScopeOfPlugin(docs, { scope: 'public' });
    // The plugin would send this address to itself for ever when it has a query.
    docs.addHook('onRequest', async (request, reply) => {
      if (request.url.startsWith('/docs/static/index.html?')) return reply.redirect('/docs/');
      return undefined;
    });
    // The plugin of the pages wants a document when it starts; the real one is made when first asked for.
    await docs.register(swagger, {
      mode: 'static',
      specification: { document: { openapi: '3.1.0' } as never },
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      ...docsTheme,
      transformSpecification: document,
      transformSpecificationClone: false,
      // As the plugin's own, without "upgrade-insecure-requests": a local server has no TLS.
      staticCSP:
        "default-src 'self'; base-uri 'self'; img-src 'self' data:; object-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    });
  });
}
