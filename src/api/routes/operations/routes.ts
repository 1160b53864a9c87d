import { pingDatabase } from '../../../shared/accounts/sql/operations.ts';
import type { App } from '../../http/app.ts';
import { createGaugeRefresh } from '../../refresh-gauges.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { readHealthRoute, readLivenessRoute, readReadinessRoute } from './health.ts';
import { readMetricsRoute } from './metrics.ts';
import { queueBoardRoute } from './queue-board.ts';

/** Health, metrics and the board of queues. */
export async function operationRoutes(app: App, deps: RouteDeps): Promise<void> {
  const health = { ...deps, pingDatabase: () => pingDatabase(deps.sql) };
  readHealthRoute(app, health);
  readLivenessRoute(app);
  readReadinessRoute(app, health);
  const refreshGauges = createGaugeRefresh({ ...deps, providers: deps.models.providers });
  readMetricsRoute(app, { ...deps, refreshGauges });
  await queueBoardRoute(app, deps);
}
