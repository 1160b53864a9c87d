import { lanes } from '../shared/domain/job.ts';
import type { Metrics } from '../shared/metrics.ts';
import type { Database } from '../shared/sql/database.ts';
import { countJobsByLane, countPendingDeliveries } from '../shared/sql/operations.ts';
import { listPausedProviders } from '../shared/sql/paused-providers.ts';

/** Counting a long backlog is not free; a scrape sooner than this sees the figures of the last. */
const ageMsMax = 5000;

/** Brings the gauges that Postgres knows up to date before a scrape. They are of the installation, not of this process. */
export function createGaugeRefresh(deps: { sql: Database; metrics: Metrics; providers: { name: string }[] }) {
  let refreshedAt = Number.NEGATIVE_INFINITY;
  return async (): Promise<void> => {
    if (performance.now() - refreshedAt < ageMsMax) return;
    refreshedAt = performance.now();
    const { sql, metrics } = deps;
    const [counts, paused, pending] = await Promise.all([
      countJobsByLane(sql),
      listPausedProviders(sql),
      countPendingDeliveries(sql),
    ]);
    metrics.jobsWaiting.reset();
    metrics.jobsRunning.reset();
    for (const { name } of deps.providers) {
      metrics.providerPaused.set({ provider: name }, paused.includes(name) ? 1 : 0);
      metrics.jobsRunning.set({ provider: name }, 0);
    }
    for (const { provider, lane, waiting, running } of counts) {
      metrics.jobsWaiting.set({ provider, lane: lanes[lane] ?? '' }, waiting);
      metrics.jobsRunning.inc({ provider }, running);
    }
    metrics.deliveriesPending.set(pending);
  };
}
