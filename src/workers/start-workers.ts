import type { Models } from '../shared/catalogue/load-models.ts';
import { newId } from '../shared/ids.ts';
import type { Infra } from '../shared/infra.ts';
import type { Express } from '../shared/jobs/express.ts';
import type { Config } from '../shared/platform/config/config.ts';
import type { Log } from '../shared/platform/log.ts';
import { startLoop } from '../shared/platform/loop.ts';
import type { Database } from '../shared/platform/postgres/database.ts';
import { createLeadership, type Leadership } from '../shared/platform/postgres/leadership.ts';
import { waitAtMost } from '../shared/platform/wait-at-most.ts';
import { deleteWorker } from '../shared/queue/sql/workers.ts';
import type { Validator } from '../shared/validation/validator.ts';
import { resealSecrets } from '../shared/webhooks/reseal-secrets.ts';
import { startBatches } from './batches/start-batches.ts';
import { startExpress } from './completions/express.ts';
import { startCompletions } from './completions/start-completions.ts';
import { type Runner, startRunner } from './completions/start-runner.ts';
import { startDeliveries } from './deliveries/start-deliveries.ts';
import { startDispatch } from './dispatch/start-dispatch.ts';
import { startPauses } from './start-pauses.ts';

/**
 * A key that was changed is looked for at the start, and now and then in case another process had that duty.
 */
const resealMs = 600_000;

export type WorkersDeps = { config: Config; infra: Infra; log: Log; models: Models; validator: Validator };

/** What runs jobs in a process. */
export type Workers = { express: Express; stop(): Promise<void> };

/**
 * Starts everything a worker process does: a pool per provider, the dispatcher, the reconciler and the reaper
 * (each led by one process at a time), the deliveries and the batches, and the express for calls that are
 * accepted in the same process. Stopping takes no new work at once, running calls may end within the grace
 * time, the rest goes back to the backlog.
 */
export function startWorkers({ config, infra, log, models, validator }: WorkersDeps): Workers {
  const { providers } = models;
  const worker = workerOf(config);
  const graceMs = config.work.shutdownGraceSeconds * 1000;
  const { sql, signals } = infra;
  const leadership = createLeadership(infra.sql, worker.id);
  const pauses = startPauses(infra, log, (provider) => dispatch.wake(provider));
  const { isPaused } = pauses;
  const deliveries = startDeliveries({ sql, signals, log, config, metrics: infra.metrics });
  const owesDelivery = deliveries.wake;
  const dispatch = startDispatch({ config, infra, log, providers, leadership, isPaused, owesDelivery });
  const { requeued, wake: ranOn } = dispatch;
  const runner = startRunner({ config, infra, log, providers, worker, isPaused, owesDelivery, requeued });
  const completions = startCompletions({ config, infra, log, providers, runner, worker, ranOn });
  const express = startExpress({ infra, log, providers, runner, worker, ranOn });
  const batches = startBatches(
    { sql, signals, log, validator, catalogue: models.catalogue, owesDelivery },
    { leaseSeconds: worker.leaseSeconds },
  );
  signals.subscribe('batches', batches.wake);
  const resealing = startLoop(resealMs, () => reseal({ sql, log, config, leadership }), log, 'secrets');

  return {
    express,
    stop: async () => {
      const running = stopRunning(graceMs, runner, [completions, express]);
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
    },
  };
}

/** Starts the express alone, in a process that accepts calls and takes no tickets. */
export function startExpressAlone({ config, infra, log, models }: Omit<WorkersDeps, 'validator'>): Workers {
  const { providers } = models;
  const pauses = startPauses(infra, log);
  const { isPaused } = pauses;
  const worker = workerOf(config);
  const runner = startRunner({
    config,
    infra,
    log,
    providers,
    // The dispatcher makes tickets for workers that take them, which this is not.
    worker: { ...worker, concurrency: 0 },
    isPaused,
    // No webhook announces a call that somebody waits for.
    owesDelivery: () => undefined,
    requeued: () => infra.signals.publish('backlog'),
  });
  const ranOn = (provider: string) => infra.signals.publish('backlog', provider);
  const express = startExpress({ infra, log, providers, runner, worker, ranOn });
  return {
    express,
    stop: async () => {
      await stopRunning(config.work.shutdownGraceSeconds * 1000, runner, [express]);
      await Promise.all([
        waitAtMost(2000, pauses.stop()),
        waitAtMost(1000, deleteWorker(infra.sql, worker.id)),
      ]);
    },
  };
}

function workerOf({ work }: Config) {
  return { id: newId('wrk'), concurrency: work.concurrency, leaseSeconds: work.leaseSeconds };
}

/** What runs may end within the grace time; the rest goes back to the backlog. */
async function stopRunning(
  graceMs: number,
  runner: Runner,
  sources: { stop(timeoutMs: number): Promise<void> }[],
): Promise<void> {
  const handBack = setTimeout(runner.stopRuns, graceMs);
  await Promise.all(sources.map((source) => source.stop(graceMs + 3000)));
  clearTimeout(handBack);
  // What begins now goes back: its providers are closed next.
  runner.stopRuns();
  await runner.stop();
}

async function reseal(deps: Pick<WorkersDeps, 'config' | 'log'> & { sql: Database; leadership: Leadership }) {
  if (await deps.leadership.lead('secrets')) {
    await resealSecrets({ ...deps, secretsKey: deps.config.secretsKey });
  }
  return undefined;
}
