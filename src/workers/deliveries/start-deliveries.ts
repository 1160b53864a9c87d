import type { Config } from '../../shared/config.ts';
import { newId } from '../../shared/domain/ids.ts';
import { every } from '../../shared/every.ts';
import type { News } from '../../shared/news.ts';
import type { Database } from '../../shared/sql/database.ts';
import { claimDeliveries } from '../../shared/sql/deliveries.ts';
import type { Log } from '../../shared/telemetry.ts';
import { within } from '../../shared/within.ts';
import { createGuardedAgent } from './guarded-agent.ts';
import { runDelivery } from './run-delivery.ts';

export type DeliveriesDeps = {
  sql: Database;
  news: News;
  log: Log;
  config: Pick<Config, 'secretsKey' | 'webhooks'>;
};

/** Hints may be lost; what is due is looked for this often. */
const pollMs = 1000;
const concurrency = 64;
/** One slow receiver holds at most this many of them. */
const concurrencyPerHost = 8;

/**
 * Posts the webhooks that are owed. Each is claimed with a lease and posted outside any transaction; a process that dies in
 * between leaves a lease that ends, and the same bytes go out again under the same id.
 */
export function startDeliveries(deps: DeliveriesDeps): { wake(): void; stop(): Promise<void> } {
  const { sql, log, config } = deps;
  const agent = createGuardedAgent(config.webhooks);
  const running = new Map<Promise<void>, string>();
  const runDeps = {
    sql,
    agent,
    secretsKey: config.secretsKey,
    scheduleSeconds: config.webhooks.retrySeconds,
    log,
    random: Math.random,
  };

  async function deliver(): Promise<boolean> {
    const free = concurrency - running.size;
    if (free <= 0) return false;
    const due = await claimDeliveries(sql, {
      limit: free,
      perHost: concurrencyPerHost,
      busyHosts: busyHosts(),
      leaseToken: newId('wrk'),
    });
    for (const delivery of due) {
      const run: Promise<void> = runDelivery(runDeps, delivery)
        .catch((error: unknown) =>
          log.warn({ delivery_id: delivery.id, error }, 'a webhook try was not recorded'),
        )
        .finally(() => {
          running.delete(run);
          loop.wake();
        });
      running.set(run, delivery.host);
    }
    return false;
  }

  function busyHosts(): string[] {
    const counts = new Map<string, number>();
    for (const host of running.values()) counts.set(host, (counts.get(host) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= concurrencyPerHost).map(([host]) => host);
  }

  const loop = every(pollMs, deliver, log, 'deliveries');
  deps.news.listen('deliveries', () => loop.wake());
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await loop.stop();
      await within(16_000, Promise.all(running.keys()));
      await agent.destroy();
    },
  };
}
