import { pingDatabase } from '../../../shared/accounts/sql/operations.ts';
import type { App } from '../../http/app.ts';
import { createGaugeRefresh } from '../../refresh-gauges.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { getHealthRoute, getLivenessRoute, getReadinessRoute } from './health.ts';
import { getMetricsRoute } from './metrics.ts';
import { queueBoardRoute } from './queue-board.ts';

/** Health, metrics and the board of queues. */
export async function operationRoutes(app: App, deps: RouteDeps): Promise<void> {
  const health = { ...deps, pingDatabase: () => pingDatabase(deps.sql) };
  getHealthRoute(app, health);
  getLivenessRoute(app);
  getReadinessRoute(app, health);
  const refreshGauges = createGaugeRefresh({ ...deps, providers: deps.models.providers });
  getMetricsRoute(app, { ...deps, refreshGauges });
  await queueBoardRoute(app, deps);
}
