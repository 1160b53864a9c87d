import { noProxy } from '../shared/platform/outgoing/proxy-for.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { createTokenCheck } from './auth/jwt.ts';
import type { App } from './http/app.ts';
import { createClientAddress } from './http/client-address.ts';
import { closeUnread } from './http/close-unread.ts';
import { addRequestId, createRequestLog, rejectUnstorableUrl } from './http/hooks.ts';
import { createRequestLimit } from './http/limit-requests.ts';
import { completeLocations } from './http/links.ts';
import { answerOddRequests } from './http/odd-requests.ts';
import { addSecurityHeaders, openServer, warnOfProxy } from './http/open-server.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { requireScopes } from './http/scopes.ts';
import { createUnderWay } from './http/under-way.ts';
import { collectRoutes } from './openapi/collect-routes.ts';
import { leadToDocs } from './openapi/lead-to-docs.ts';
import { serveDocuments } from './openapi/serve-documents.ts';
import { addRoutes } from './routes/add-routes.ts';
import { createRouteDeps, createServerParts, type ServerDeps, type ServerParts } from './server-deps.ts';

/**
 * Builds the HTTP server with every route, ready to listen (or to be injected into). It owns nothing that was
 * passed in: the caller closes the server first, then the rest.
 */
export async function buildServer(deps: ServerDeps): Promise<App> {
  const bodies = createUnderWay('bodies');
  const app = openServer({ ...deps, bodies });
  const parts = createServerParts(app, deps, bodies);
  requireScopes(app);
  app.addHook('onRequest', addRequestId);
  answerOddRequests(app);
  closeUnread(app);
  completeLocations(app, deps.config.http.publicUrl);
  warnOfProxy(app, deps);
  await addSecurityHeaders(app, deps);
  leadToDocs(app);
  app.addHook('onRequest', createAuthenticator(authenticateDeps(deps, parts)));
  app.addHook('onRequest', createRequestLimit(deps.config.http));
  app.addHook('onRequest', rejectUnstorableUrl);
  app.addHook('onResponse', createRequestLog(deps.metrics));
  const routes = collectRoutes(app);
  await addRoutes(app, createRouteDeps(app, { ...deps, ...parts }));
  await serveDocuments(app, routes, deps.config.http.publicUrl);
  await app.ready();
  return app;
}

function authenticateDeps(deps: ServerDeps, parts: ServerParts) {
  const { auth, http } = deps.config;
  return {
    sql: deps.sql,
    ...parts,
    checkToken: createTokenCheck({ ...auth, proxy: deps.config.proxy ?? noProxy }),
    adminApiKey: auth.adminApiKey,
    addressOf: createClientAddress(http.trustProxy),
    failures: createRateLimit(),
    // An address may fail as often as an account may ask.
    failuresPerMinute: http.requestsPerMinute,
    newAccounts: createRateLimit(),
    newAccountsPerMinute: auth.accountsByToken,
  };
}
