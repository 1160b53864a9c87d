import type { Infra } from '../../shared/infra.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import { startReaper } from '../maintenance/reaper.ts';
import { startReconciler } from '../maintenance/reconciler.ts';
import { startRetention } from '../maintenance/retention.ts';
import { startDispatcher } from './dispatcher.ts';

export type DispatchDeps = {
  config: Config;
  infra: Infra;
  log: Log;
  providers: ProviderConfig[];
  leadership: Pick<Leadership, 'lead'>;
  isPaused(provider: string): boolean;
  owesDelivery(): void;
};

/**
 * Starts what moves jobs between the backlog and the queue: a dispatcher per provider, the reconciler, the
 * reaper.
 */
export function startDispatch(deps: DispatchDeps): { wake(provider: string): void; stop(): Promise<void> } {
  const { config, infra, log, leadership, isPaused } = deps;
  const { sql, redis, queues, ledger, events, signals, metrics } = infra;
  const { leaseSeconds } = config.work;
  const dispatchers = new Map(
    [...queues].map(([provider, queue]) => [
      provider,
      startDispatcher(
        { sql, leadership, queue, log, isPaused, metrics },
        {
          provider,
          leaseSeconds,
          maxConcurrency: deps.providers.find(({ name }) => name === provider)?.maxConcurrency ?? null,
        },
      ),
    ]),
  );
  signals.subscribe('backlog', (provider) => dispatchers.get(provider)?.wake());
  const reconciler = startReconciler({
    sql,
    leadership,
    redis,
    prefix: config.redis.prefix,
    queues,
    log,
    metrics,
  });
  const reaper = startReaper(
    {
      sql,
      leadership,
      ledger,
      log,
      events,
      owesDelivery: deps.owesDelivery,
      random: Math.random,
      metrics,
    },
    { leaseSeconds },
  );
  const retention = startRetention({ sql, leadership, log }, config.work);
  const loops = [...dispatchers.values(), reconciler, reaper, retention];
  return {
    wake: (provider) => dispatchers.get(provider)?.wake(),
    stop: async () => {
      await Promise.all(loops.map((loop) => waitAtMost(2000, loop.stop())));
    },
  };
}
