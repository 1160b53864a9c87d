import type { Infra } from '../../shared/infra.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Log } from '../../shared/platform/log.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import { createGate, limitsFrom } from '../../shared/queue/gate.ts';
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
import type { RunJobDeps } from './run-job.ts';
import { createRuns } from './runs.ts';

export type RunnerDeps = {
  config: Config;
  infra: Infra;
  log: Log;
  providers: ProviderConfig[];
  worker: { id: string; concurrency: number; leaseSeconds: number };
  isPaused(provider: string): boolean;
  owesDelivery(): void;
  requeued(): void;
};

/** What runs jobs in this process, wherever they come from. */
export type Runner = {
  deps: RunJobDeps;
  /** Looks after the leases now. */
  wakeHeartbeat(): void;
  /** What runs goes back to the backlog; whatever begins after goes back too. */
  stopRuns(): void;
  stop(): Promise<void>;
};

/** Opens the providers and starts the heartbeat that keeps the leases of all that runs here. */
export function startRunner(deps: RunnerDeps): Runner {
  const { config, infra, log, worker } = deps;
  const { sql, signals, events, ledger, metrics } = infra;
  const gate = createGate({
    redis: infra.redis,
    prefix: config.redis.prefix,
    slotMs: worker.leaseSeconds * 3000,
    limitsOf: limitsFrom(deps.providers),
  });
  const runs = createRuns();
  const persist = createPersist(log);
  const upstreams = openProviders(deps.providers, config.proxy);
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
    requeued: deps.requeued,
  };
  const heartbeat = startHeartbeat({ sql, runs, gate, log }, worker);
  return {
    deps: runDeps,
    wakeHeartbeat: () => heartbeat.wake(),
    stopRuns: () => runs.stopAll('shutdown'),
    stop: async () => {
      persist.stop();
      const closing = [...upstreams.values()].map((provider) => waitAtMost(1000, provider.close()));
      await Promise.all([waitAtMost(1000, heartbeat.stop()), ...closing]);
    },
  };
}
