import type { Models } from '../shared/catalogue/load-models.ts';
import { newId } from '../shared/ids.ts';
import type { Infra } from '../shared/infra.ts';
import type { Config } from '../shared/platform/config/config.ts';
import type { Log } from '../shared/platform/log.ts';
import { startLoop } from '../shared/platform/loop.ts';
import type { Database } from '../shared/platform/postgres/database.ts';
import { createLeadership, type Leadership } from '../shared/platform/postgres/leadership.ts';
import { waitAtMost } from '../shared/platform/wait-at-most.ts';
import { createGate, limitsFrom } from '../shared/queue/gate.ts';
import { deleteWorker } from '../shared/queue/sql/workers.ts';
import type { Validator } from '../shared/validation/validator.ts';
import { resealSecrets } from '../shared/webhooks/reseal-secrets.ts';
import { startBatches } from './batches/start-batches.ts';
import { startCompletions } from './completions/start-completions.ts';
import { startDeliveries } from './deliveries/start-deliveries.ts';
import { startPausedProviders } from './dispatch/paused-providers.ts';
import { startDispatch } from './dispatch/start-dispatch.ts';

/**
 * A key that was changed is looked for at the start, and now and then in case another process had that duty.
 */
const resealMs = 600_000;

export type WorkersDeps = { config: Config; infra: Infra; log: Log; models: Models; validator: Validator };

/**
 * Starts everything a worker process does: a pool per provider, the dispatcher, the reconciler and the reaper
 * (each led by one process at a time), the deliveries and the batches. The returned function stops it: no new
 * work at once, running calls may end within the grace time, the rest goes back to the backlog.
 */
export function startWorkers({ config, infra, log, models, validator }: WorkersDeps): () => Promise<void> {
  const { providers } = models;
  const worker = {
    id: newId('wrk'),
    concurrency: config.work.concurrency,
    leaseSeconds: config.work.leaseSeconds,
  };
  const graceMs = config.work.shutdownGraceSeconds * 1000;
  const { sql, signals } = infra;
  const gate = createGate({
    redis: infra.redis,
    prefix: config.redis.prefix,
    slotMs: worker.leaseSeconds * 3000,
    limitsOf: limitsFrom(providers),
  });
  const leadership = createLeadership(infra.sql, worker.id);
  const pauses = startPausedProviders({ sql, signals, log }, (provider) => dispatch.wake(provider));
  const { isPaused } = pauses;

  const deliveries = startDeliveries({ sql, signals, log, config, metrics: infra.metrics });
  const dispatch = startDispatch({
    config,
    infra,
    log,
    providers,
    leadership,
    isPaused,
    owesDelivery: deliveries.wake,
  });
  const completions = startCompletions({
    config,
    infra,
    log,
    providers,
    gate,
    worker,
    isPaused,
    owesDelivery: deliveries.wake,
    ranOn: dispatch.wake,
    requeued: dispatch.requeued,
  });
  const batches = startBatches(
    {
      sql,
      signals,
      log,
      validator,
      catalogue: models.catalogue,
      owesDelivery: deliveries.wake,
    },
    { leaseSeconds: worker.leaseSeconds },
  );
  signals.subscribe('batches', batches.wake);
  const resealing = startLoop(resealMs, () => reseal({ sql, log, config, leadership }), log, 'secrets');

  return async () => {
    const running = completions.stop();
    // Webhooks of calls that end in their grace still leave from here; what is owed later leaves from
    // elsewhere.
    await Promise.all([
      waitAtMost(2000, pauses.stop()),
      waitAtMost(2000, resealing.stop()),
      waitAtMost(2000, batches.stop()),
      dispatch.stop(),
      waitAtMost(graceMs, running),
    ]);
    await Promise.all([running, waitAtMost(5000, deliveries.stop())]);
    await Promise.all([
      waitAtMost(1000, deleteWorker(sql, worker.id)),
      waitAtMost(1000, leadership.resign()),
    ]);
    // Whoever leads next need not wait until its own poll for what this process led.
    signals.publish('backlog');
  };
}

async function reseal(deps: Pick<WorkersDeps, 'config' | 'log'> & { sql: Database; leadership: Leadership }) {
  if (await deps.leadership.lead('secrets')) {
    await resealSecrets({ ...deps, secretsKey: deps.config.secretsKey });
  }
  return undefined;
}
