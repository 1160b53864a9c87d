import type { Infra } from '../../shared/infra.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import { type BacklogLook, lookAtBacklogs } from '../../shared/queue/sql/tickets.ts';
import { startReaper } from '../maintenance/reaper.ts';
import { startReconciler } from '../maintenance/reconciler.ts';
import { startRetention } from '../maintenance/retention.ts';
import { startDispatcher } from './dispatcher.ts';

export type DispatchDeps = {
  config: Config;
  infra: Infra;
  log: Log;
  providers: ProviderConfig[];
  leadership: Pick<Leadership, 'lead' | 'freeInMs'>;
  isPaused(provider: string): boolean;
  owesDelivery(): void;
};

export type Dispatch = {
  wake(provider: string): void;
  /** A job waits again, perhaps for another provider: every process looks, this one without a signal. */
  requeued(): void;
  stop(): Promise<void>;
};

/**
 * Starts what moves jobs between the backlog and the queue: a dispatcher per provider, the reconciler, the
 * reaper.
 */
export function startDispatch(deps: DispatchDeps): Dispatch {
  const { config, infra, log, leadership, isPaused } = deps;
  const { sql, redis, queues, ledger, events, signals, metrics } = infra;
  const { leaseSeconds } = config.work;
  // Dispatchers that rest look together.
  const look = createGroupCommit<string, BacklogLook>({
    commit: (providers) => lookAtBacklogs(sql, providers),
    bytesOf: () => 100,
    faultOf: () => 'nobody',
  });
  const dispatchers = new Map(
    [...queues].map(([provider, queue]) => [
      provider,
      startDispatcher(
        { sql, leadership, queue, look, log, isPaused, metrics },
        {
          provider,
          leaseSeconds,
          maxConcurrency: deps.providers.find(({ name }) => name === provider)?.maxConcurrency ?? null,
        },
      ),
    ]),
  );
  /** One provider's, or with an empty name those of all. */
  function wake(provider: string): void {
    for (const [name, dispatcher] of dispatchers) if (provider === '' || name === provider) dispatcher.wake();
  }
  function requeued(): void {
    wake('');
    signals.publish('backlog');
  }
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
      requeued,
      random: Math.random,
      metrics,
    },
    { leaseSeconds },
  );
  signals.subscribe('backlog', (provider) => {
    wake(provider);
    reaper.rouse();
    reconciler.rouse();
  });
  const retention = startRetention({ sql, leadership, log }, config.work);
  const loops = [...dispatchers.values(), reconciler, reaper, retention];
  return {
    wake,
    requeued,
    stop: async () => {
      await Promise.all(loops.map((loop) => waitAtMost(2000, loop.stop())));
    },
  };
}
