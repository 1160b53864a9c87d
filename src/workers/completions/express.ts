import { setTimeout as sleep } from 'node:timers/promises';
import type { Infra } from '../../shared/infra.ts';
import type { Express, ExpressSlot, OutputListeners } from '../../shared/jobs/express.ts';
import type { JobIntake } from '../../shared/jobs/sql/accept-jobs.ts';
import { isExpressClaim } from '../../shared/jobs/sql/claim-jobs.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Log } from '../../shared/platform/log.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import type { GatePass } from '../../shared/queue/gate.ts';
import { createExpressGate } from './express-gate.ts';
import { claimedOf } from './express-job.ts';
import { createExpressSlots } from './express-slots.ts';
import { createKnownCapacity } from './known-capacity.ts';
import { runClaimed } from './run-claimed.ts';
import type { Runner } from './start-runner.ts';

export type ExpressDeps = {
  infra: Pick<Infra, 'sql'>;
  log: Log;
  providers: ProviderConfig[];
  runner: Pick<Runner, 'deps'>;
  worker: { id: string; concurrency: number; leaseSeconds: number };
  /** A slot came free, for which somebody may be in line. */
  ranOn(provider: string): void;
};

/** A claim whose answer was lost is looked for this often, for this part of its lease. */
const claimPollMs = 500;
const lookedForOfLease = 0.5;
const noReader: OutputListeners = { onDelta: () => undefined, onPassed: () => undefined };

/**
 * The express of this process: as many calls of each provider at once as a pool runs tickets. `stop` takes no
 * more calls, and waits for those that run or are being accepted.
 */
export function startExpress(deps: ExpressDeps): Express & { stop(timeoutMs: number): Promise<void> } {
  const { runner, worker } = deps;
  const limits = new Map(deps.providers.map(({ name, maxConcurrency }) => [name, maxConcurrency]));
  const capacityOf = createKnownCapacity(
    { sql: deps.infra.sql, log: deps.log, limitOf: (provider) => limits.get(provider) ?? null },
    worker,
  );
  const slots = createExpressSlots(worker.concurrency, deps.ranOn);
  const takePass = createExpressGate(runner.deps);
  let stopping = false;

  async function run(pass: GatePass, intake: JobIntake, reader: OutputListeners): Promise<JobEnding | null> {
    try {
      const finish = await runClaimed(runner.deps, claimedOf(intake), pass, reader);
      return finish.kind === 'settled' ? finish.ending : null;
    } catch (error) {
      deps.log.error({ job_id: intake.id, error }, 'run failed');
      return null;
    } finally {
      slots.free(pass.provider);
    }
  }

  /** Its call queues instead. */
  function leaveSlot(provider: string): void {
    slots.linedUp(provider);
    slots.free(provider);
  }

  function release(pass: GatePass): void {
    leaveSlot(pass.provider);
    void runner.deps.gate.report(pass, { kind: 'unused' });
  }

  /** Looks while there is enough of the lease left to begin. */
  async function untilClaimed(jobId: string): Promise<boolean> {
    const until = Date.now() + worker.leaseSeconds * lookedForOfLease * 1000;
    do {
      if (await isExpressClaim(deps.infra.sql, jobId, worker.id).catch(() => false)) return true;
      await sleep(claimPollMs);
    } while (Date.now() < until && !stopping);
    return false;
  }

  const slotOf = (pass: GatePass, capacity: number): ExpressSlot => ({
    claim: { workerId: worker.id, leaseMs: worker.leaseSeconds * 1000, capacity },
    run: (intake, reader) => run(pass, intake, reader),
    runIfClaimed: async (intake) => {
      if (await untilClaimed(intake.id)) await run(pass, intake, noReader);
      else release(pass);
    },
    release: () => release(pass),
  });

  return {
    reserve: async (call) => {
      const { provider } = call;
      const capacity = capacityOf(provider);
      if (stopping || capacity === 0 || !runner.deps.providers.has(provider)) return null;
      if (!slots.take(provider)) return null;
      const pass = await takePass(call);
      if (pass !== null && !stopping) return slotOf(pass, capacity);
      if (pass === null) leaveSlot(provider);
      else release(pass);
      return null;
    },
    stop: async (timeoutMs) => {
      stopping = true;
      await waitAtMost(timeoutMs, slots.whenNone());
    },
  };
}
