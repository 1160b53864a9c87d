import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { listTransactionsRoute, readBalanceRoute } from './balance.ts';
import { createKeyRoute, deleteKeyRoute, listKeysRoute } from './keys.ts';
import { readAccountLimitsRoute, readLimitsRoute } from './limits.ts';
import { readUsageRoute } from './usage.ts';

/** What an account has, spent and may do, and its keys. */
export function accountRoutes(app: App, deps: RouteDeps): void {
  readBalanceRoute(app, deps);
  readLimitsRoute(app, deps);
  readAccountLimitsRoute(app, deps);
  listTransactionsRoute(app, deps);
  readUsageRoute(app, deps);
  listKeysRoute(app, deps);
  createKeyRoute(app, deps);
  deleteKeyRoute(app, deps);
}
