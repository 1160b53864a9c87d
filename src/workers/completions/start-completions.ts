import type { Infra } from '../../shared/infra.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Log } from '../../shared/platform/log.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { openReportedRedis } from '../../shared/platform/redis/redis.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import type { Gate } from '../../shared/queue/gate.ts';
import {
  releaseTickets,
  type TicketKey,
  type TicketRelease,
  withdrawTickets,
} from '../../shared/queue/sql/tickets.ts';
import { openProviders } from '../providers/open-providers.ts';
import { createClaim } from './claim.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createPersist } from './persist.ts';
import { type PoolDeps, startPool } from './pool.ts';
import { type RunJobDeps, runJob } from './run-job.ts';
import { createRuns } from './runs.ts';

export type CompletionsDeps = {
  config: Config;
  infra: Infra;
  log: Log;
  providers: ProviderConfig[];
  gate: Gate;
  worker: { id: string; concurrency: number; leaseSeconds: number };
  isPaused(provider: string): boolean;
  owesDelivery(): void;
  /** A slot in this provider's window came free. */
  ranOn(provider: string): void;
  /** A job waits again, for this or another provider. */
  requeued(): void;
};

/**
 * Starts a pool per provider and the heartbeat that keeps their leases. Stopping takes no new tickets, lets
 * running calls end within the grace time, then stops them and requeues their jobs.
 */
export function startCompletions(deps: CompletionsDeps): { stop(): Promise<void> } {
  const { config, infra, log, gate, worker } = deps;
  const { sql, signals, events, ledger, metrics } = infra;
  const runs = createRuns();
  const persist = createPersist(log);
  const upstreams = openProviders(deps.providers, config.proxy);
  const redis = openReportedRedis(config.redis, 'blocking', 'workers', infra.redisOutages);
  signals.subscribe('cancel', (jobId) => runs.stop(jobId, 'cancelled'));

  const runDeps: RunJobDeps = {
    gate,
    metrics,
    isPaused: deps.isPaused,
    providers: upstreams,
    ledger,
    runs,
    events,
    claim: createClaim(sql, worker),
    releaseTicket: createGroupCommit<TicketRelease, boolean>({
      commit: (tickets) => releaseTickets(sql, tickets),
      bytesOf: () => 100,
      faultOf: groupFaultOf,
    }),
    withdrawTicket: createGroupCommit<TicketKey, boolean>({
      commit: (tickets) => withdrawTickets(sql, tickets),
      bytesOf: () => 100,
      faultOf: groupFaultOf,
    }),
    persist: persist.write,
    answersWait: persist.isWaiting,
    random: Math.random,
    owesDelivery: deps.owesDelivery,
  };
  const heartbeat = startHeartbeat({ sql, runs, gate, log }, worker);
  const poolDeps: PoolDeps = {
    redis,
    outages: infra.redisOutages,
    log,
    run: async (provider, ticket) => {
      const end = await runJob(runDeps, provider, ticket);
      deps.ranOn(provider);
      if (end.kind === 'released' || (end.kind === 'ran' && end.finish === 'requeued')) deps.requeued();
      return end;
    },
    lockLost: () => heartbeat.wake(),
  };
  const pools = deps.providers.map(({ name: provider }) =>
    startPool(poolDeps, { provider, prefix: config.redis.prefix, ...worker }),
  );

  return {
    stop: async () => {
      const graceMs = config.work.shutdownGraceSeconds * 1000;
      const handBack = setTimeout(() => runs.stopAll('shutdown'), graceMs);
      await Promise.all(pools.map((pool) => pool.stop(graceMs + 3000)));
      clearTimeout(handBack);
      persist.stop();
      const closing = [...upstreams.values()].map((provider) => waitAtMost(1000, provider.close()));
      await Promise.all([waitAtMost(1000, heartbeat.stop()), ...closing]);
      redis.disconnect();
    },
  };
}
