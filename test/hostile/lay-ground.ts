import type { Gateway } from '../support/gateway.ts';
import { type Cast, pliableId } from './cast.ts';
import { goodBodies, goodQueries } from './good-bodies.ts';
import { type Ground, requestTo } from './good-request.ts';
import { toBytes } from './hostile-request.ts';
import { exchange } from './http-exchange.ts';
import type { Route } from './routes.ts';
import { sampleOf } from './sample-from-schema.ts';
import { fillStock } from './stock.ts';

/**
 * Makes what paths lead to, and a good body for every route; a route that nobody wrote one for gets one by
 * its schema.
 */
export async function layGround(
  gateway: Gateway,
  hookUrl: string,
  routes: Route[],
  cast: Cast,
): Promise<Ground> {
  const tenant = { id: 'tenant', client: cast.tenant };
  const stock = await fillStock(gateway, hookUrl, tenant, cast.innocent, pliableId);
  const known = goodBodies(stock);
  const others = routes.filter((route) => route.body !== null && known[route.name] === undefined);
  const sampled = others.map((route) => [route.name, sampleOf(route.body ?? {})] as const);
  const bodies = { ...Object.fromEntries(sampled), ...known };
  return { routes, stock, bodies, queries: goodQueries(stock) };
}

/**
 * Sends every good body and query once, and gives those that were refused: of these no field is really tried.
 */
export async function refusedOf(gateway: Gateway, ground: Ground, { credentials }: Cast): Promise<string[]> {
  const good = ground.routes.filter(
    ({ name }) => (ground.bodies[name] ?? ground.queries[name]) !== undefined,
  );
  const refused: string[] = [];
  for (const route of good) {
    const bytes = toBytes(requestTo(ground, route, 'good'), credentials);
    const { answers } = await exchange(new URL(gateway.url), { bytes, closesAfterwards: false });
    const [answer] = answers;
    if (answer !== undefined && answer.status < 300) continue;
    refused.push(`${route.name}: ${answer?.status} ${answer?.body.subarray(0, 300).toString('utf8')}`);
  }
  return refused;
}
