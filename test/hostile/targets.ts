import type { Sender } from './hostile-request.ts';
import type { Route } from './routes.ts';
import type { Stock } from './stock.ts';

/** Who may use a route: the operator what is the operator's, the tenant everything else. */
export function senderOf(route: Pick<Route, 'path'>): Sender {
  return /^(\/v1)?\/admin\//.test(`${route.path}/`) ? 'operator' : 'tenant';
}

/** The path of a route with ids that are there, unless `params` gives others. */
export function pathOf(route: Route, stock: Stock, params: Record<string, string> = {}): string {
  const known: Record<string, string> = { ...idsOf(route, stock), ...params };
  return route.path
    .replace(/:(\w+)/g, (_, name: string) => known[name] ?? 'none')
    .replace(/\*$/, () => known['*'] ?? 'none');
}

/** What stands for the objects of a path, by how it begins; the first that fits. */
const kinds: [prefix: string, id: (stock: Stock) => string][] = [
  ['/v1/jobs', (stock) => stock.jobId],
  ['/v1/responses', (stock) => stock.responseId],
  ['/v1/files', (stock) => stock.fileId],
  ['/v1/batches', (stock) => stock.batchId],
  ['/v1/messages/batches', (stock) => stock.messageBatchId],
  ['/v1/webhook_endpoints', (stock) => stock.endpointId],
  ['/v1/deliveries', (stock) => stock.deliveryId],
  ['/v1/admin/accounts', (stock) => stock.pliableId],
  // Calls to it wait while it is paused, so it is one that nobody here calls.
  ['/v1/admin/providers', () => 'google'],
];

function idsOf(route: Route, stock: Stock): Record<string, string> {
  const id = kinds.find(([prefix]) => route.path.startsWith(prefix))?.[1](stock) ?? 'none';
  const queue = { queueName: 'gw', jobId: '1', queueStatus: 'failed', schedulerId: 'none' };
  // What is deleted is something that others do not need.
  const isLost = route.method === 'DELETE' && route.path.endsWith('/:id');
  // Of pages, one that is there; else of models.
  const isPage = /^\/(docs|admin\/queues)\//.test(route.path);
  return {
    id: isLost ? 'none' : id,
    key_id: stock.keyId,
    '*': isPage ? 'static/favicon-32x32.png' : 'openai/gpt-5-mini',
    ...queue,
  };
}

/** Names of the parameters in the path of a route. */
export function paramsOf(route: Pick<Route, 'path'>): string[] {
  return [...route.path.matchAll(/:(\w+)/g)]
    .map(([, name = '']) => name)
    .concat(route.path.endsWith('*') ? ['*'] : []);
}

/** A query as it stands in an address. */
export function toQuery(query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}
