import type { Random } from '../../tools/stack/random.ts';
import type { HostileRequest } from './hostile-request.ts';
import type { Route } from './routes.ts';
import type { Stock } from './stock.ts';
import { pathOf, senderOf, toQuery } from './targets.ts';

/** What every generator works from. */
export type Ground = {
  routes: Route[];
  stock: Stock;
  bodies: Record<string, unknown>;
  queries: Record<string, Record<string, string>>;
};

/** A way to be hostile: everything of it that is tried each time, and one more of it as often as asked. */
export type Kind = {
  name: string;
  all(ground: Ground, random: Random): HostileRequest[];
  /** Null for a kind whose list is the whole of it. */
  draw: ((ground: Ground, random: Random) => HostileRequest) | null;
};

/** The request a well-meaning client would send to this route, with some of its parts replaced. */
export function requestTo(
  ground: Ground,
  route: Route,
  kind: string,
  changes: Partial<HostileRequest> & { query?: string; params?: Record<string, string> } = {},
): HostileRequest {
  const { query = toQuery(ground.queries[route.name] ?? {}), params, ...parts } = changes;
  const body = ground.bodies[route.name];
  return {
    kind,
    route: route.name,
    sender: senderOf(route),
    method: route.method,
    target: `${pathOf(route, ground.stock, params)}${query}`,
    headers: [],
    body: body === undefined ? null : Buffer.from(JSON.stringify(body)),
    version: '1.1',
    ...parts,
  };
}

/** Routes that take a JSON body. */
export function routesWithBody(ground: Ground): Route[] {
  return ground.routes.filter((route) => ground.bodies[route.name] !== undefined);
}

export function routeNamed(ground: Ground, name: string): Route {
  const route = ground.routes.find((one) => one.name === name);
  if (route === undefined)
    throw new Error(`there is no route ${name}: what the sweep knows of it is out of date`);
  return route;
}
