import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { getBalanceRoute, listTransactionsRoute } from './balance.ts';
import { createKeyRoute, deleteKeyRoute, listKeysRoute } from './keys.ts';
import { getAccountLimitsRoute, getLimitsRoute } from './limits.ts';
import { getUsageRoute } from './usage.ts';

/** What an account has, spent and may do, and its keys. */
export function accountRoutes(app: App, deps: RouteDeps): void {
  getBalanceRoute(app, deps);
  getLimitsRoute(app, deps);
  getAccountLimitsRoute(app, deps);
  listTransactionsRoute(app, deps);
  getUsageRoute(app, deps);
  listKeysRoute(app, deps);
  createKeyRoute(app, deps);
  deleteKeyRoute(app, deps);
}
