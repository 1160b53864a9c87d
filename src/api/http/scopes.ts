import type { FastifyInstance } from 'fastify';
import type { Scope } from './caller.ts';

/** Makes the server refuse to start while any route does not say who may use it. */
export function requireScopes(app: FastifyInstance): void {
  const routes: { method: string | string[]; url: string; config?: { scope?: Scope | 'public' } }[] = [];
  app.addHook('onRoute', (route) => {
    // The answer to a CORS preflight carries nothing.
    if (route.method === 'OPTIONS' && route.url === '*') route.config = { ...route.config, scope: 'public' };
    routes.push(route);
  });
  app.addHook('onReady', async () => {
    const open = routes.filter((route) => route.config?.scope === undefined);
    if (open.length === 0) return;
    const names = open.map((route) => `${String(route.method)} ${route.url}`).join(', ');
    throw new Error(`no scope is set for ${names}; say who may use it in config.scope`);
  });
}

/** Gives every route that a third-party plugin adds inside `app` the same scope. */
export function setScopeOfPlugin(
  app: FastifyInstance,
  config: { scope: Scope | 'public'; basic?: boolean },
): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, ...config };
  });
}
