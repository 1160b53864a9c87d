import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { createAccountKeyRoute, deleteAccountKeyRoute } from './account-keys.ts';
import { createAccountRoute, getAccountRoute, listAccountsRoute, updateAccountRoute } from './accounts.ts';
import { listJobsOfAllAccountsRoute } from './jobs.ts';
import { checkLedgerRoute, createCreditRoute } from './ledger.ts';
import { listProvidersRoute, pauseProviderRoute, resumeProviderRoute } from './providers.ts';

/** What the operator may read and change. */
export function adminRoutes(app: App, deps: RouteDeps): void {
  createAccountRoute(app, deps);
  listAccountsRoute(app, deps);
  getAccountRoute(app, deps);
  updateAccountRoute(app, deps);
  createCreditRoute(app, deps);
  createAccountKeyRoute(app, deps);
  deleteAccountKeyRoute(app, deps);
  listJobsOfAllAccountsRoute(app, deps);
  checkLedgerRoute(app, deps);
  listProvidersRoute(app, deps);
  pauseProviderRoute(app, deps);
  resumeProviderRoute(app, deps);
}
