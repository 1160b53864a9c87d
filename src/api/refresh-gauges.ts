import { countJobsByLane, countPendingDeliveries } from '../shared/accounts/sql/operations.ts';
import { lanes } from '../shared/jobs/rules/job.ts';
import type { Metrics } from '../shared/platform/metrics.ts';
import type { Database } from '../shared/platform/postgres/database.ts';
import { waitAtMost } from '../shared/platform/wait-at-most.ts';
import { listPausedProviders } from '../shared/queue/sql/paused-providers.ts';

/** A scrape sooner than this sees the figures of the last. */
const ageMsMin = 5000;
/**
 * Counting a long backlog takes long, in each API process: it is done for one part in so many of the time.
 */
const restPerWork = 20;
/** A scrape waits no longer; what is counted later is in the next. */
const answerMsMax = 3000;

/**
 * Brings the gauges that Postgres knows up to date before a scrape. They are of the installation, not of this
 * process.
 */
export function createGaugeRefresh(deps: { sql: Database; metrics: Metrics; providers: { name: string }[] }) {
  const { sql, metrics } = deps;
  const providers = deps.providers.map(({ name }) => name);
  let restUntil = Number.NEGATIVE_INFINITY;
  let refreshing: Promise<unknown> | null = null;

  /** Each part by itself: one that cannot be counted keeps no other from being shown. */
  async function refresh(): Promise<void> {
    const startedAt = performance.now();
    await Promise.allSettled([
      countJobsByLane(sql).then((counts) => showJobs(metrics, providers, counts)),
      listPausedProviders(sql).then((paused) => {
        for (const provider of providers)
          metrics.providerPaused.set({ provider }, paused.includes(provider) ? 1 : 0);
      }),
      countPendingDeliveries(sql).then((pending) => metrics.deliveriesPending.set(pending)),
    ]);
    const tookMs = performance.now() - startedAt;
    restUntil = performance.now() + Math.max(ageMsMin, restPerWork * tookMs);
    refreshing = null;
  }

  return async (): Promise<void> => {
    if (performance.now() >= restUntil) refreshing ??= refresh();
    if (refreshing !== null) await waitAtMost(answerMsMax, refreshing);
  };
}

function showJobs(
  metrics: Metrics,
  providers: string[],
  counts: Awaited<ReturnType<typeof countJobsByLane>>,
): void {
  metrics.jobsWaiting.reset();
  metrics.jobsRunning.reset();
  for (const provider of providers) metrics.jobsRunning.set({ provider }, 0);
  for (const { provider, lane, waiting, running } of counts) {
    metrics.jobsWaiting.set({ provider, lane: lanes[lane] ?? '' }, waiting);
    metrics.jobsRunning.inc({ provider }, running);
  }
}
