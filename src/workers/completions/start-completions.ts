import type { Infra } from '../../shared/infra.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import type { Log } from '../../shared/platform/log.ts';
import { letDuplicatesRest, openReportedRedis } from '../../shared/platform/redis/redis.ts';
import { type PoolDeps, startPool } from './pool.ts';
import { runJob } from './run-job.ts';
import type { Runner } from './start-runner.ts';

export type CompletionsDeps = {
  config: Config;
  infra: Infra;
  log: Log;
  providers: ProviderConfig[];
  runner: Runner;
  worker: { concurrency: number; leaseSeconds: number };
  /** A slot in this provider's window came free. */
  ranOn(provider: string): void;
};

/** Starts a pool per provider. Stopping takes no new tickets and waits for what runs. */
export function startCompletions(deps: CompletionsDeps): { stop(timeoutMs: number): Promise<void> } {
  const { config, infra, log, worker, runner } = deps;
  const redis = letDuplicatesRest(openReportedRedis(config.redis, 'blocking', 'workers', infra.redisOutages));
  const poolDeps: PoolDeps = {
    redis,
    outages: infra.redisOutages,
    log,
    run: async (provider, ticket) => {
      const end = await runJob(runner.deps, provider, ticket);
      deps.ranOn(provider);
      return end;
    },
    lockLost: runner.wakeHeartbeat,
  };
  const pools = deps.providers.map(({ name: provider }) =>
    startPool(poolDeps, { provider, prefix: config.redis.prefix, ...worker }),
  );
  return {
    stop: async (timeoutMs) => {
      await Promise.all(pools.map((pool) => pool.stop(timeoutMs)));
      redis.disconnect();
    },
  };
}
