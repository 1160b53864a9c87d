import { queuedEventId } from '../../shared/events/rules/event.ts';
import type { Infra } from '../../shared/infra.ts';
import type { Express, ExpressSlot, OutputListeners, ReservedCall } from '../../shared/jobs/express.ts';
import type { JobIntake } from '../../shared/jobs/sql/accept-jobs.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import type { ProviderConfig } from '../../shared/platform/config/built-in-providers.ts';
import type { Log } from '../../shared/platform/log.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import type { GatePass } from '../../shared/queue/gate.ts';
import { ticketId } from '../../shared/queue/queue.ts';
import { admit } from './admit.ts';
import { type ClaimedJob, toClaimedJob } from './claim.ts';
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

/** Behind every ticket: who is refused by the gate queues, and is next when its ticket is. */
const expressRank = 2 ** 31;
/** After a call had to queue, others are taken to be in line for this long. */
const lineMs = 2000;

/**
 * The express of this process: as many calls of each provider at once as a pool runs tickets. `stop` takes no
 * more calls, and waits for those that run.
 */
export function startExpress(deps: ExpressDeps): Express & { stop(timeoutMs: number): Promise<void> } {
  const { runner, worker } = deps;
  const underWay = new Map<string, number>();
  const linedUpAtMs = new Map<string, number>();
  const running = new Set<Promise<unknown>>();
  let stopping = false;
  const limits = new Map(deps.providers.map(({ name, maxConcurrency }) => [name, maxConcurrency]));
  const capacityOf = createKnownCapacity(
    { sql: deps.infra.sql, log: deps.log, limitOf: (provider) => limits.get(provider) ?? null },
    worker,
  );

  function freeSlot(provider: string): void {
    underWay.set(provider, (underWay.get(provider) ?? 1) - 1);
    if (Date.now() - (linedUpAtMs.get(provider) ?? 0) < lineMs) deps.ranOn(provider);
  }

  async function takePass(call: ReservedCall): Promise<GatePass | null> {
    const { provider, model, tokens } = call;
    const ticket = { id: call.jobId, generation: 0, model, tokens, priority: expressRank };
    const admission = await admit(runner.deps, provider, ticket).catch(() => null);
    return admission?.kind === 'pass' ? admission.pass : null;
  }

  async function run(pass: GatePass, intake: JobIntake, reader: OutputListeners): Promise<JobEnding | null> {
    try {
      const finish = await runClaimed(runner.deps, claimedOf(intake), pass, reader);
      return finish.kind === 'settled' ? finish.ending : null;
    } catch (error) {
      deps.log.error({ job_id: intake.id, error }, 'run failed');
      return null;
    } finally {
      freeSlot(pass.provider);
    }
  }

  function slotOf(pass: GatePass, capacity: number): ExpressSlot {
    const leaseMs = worker.leaseSeconds * 1000;
    return {
      claim: { workerId: worker.id, leaseMs, capacity },
      run: (intake, reader) => {
        const ran = run(pass, intake, reader);
        running.add(ran);
        void ran.then(() => running.delete(ran));
        return ran;
      },
      release: () => {
        linedUpAtMs.set(pass.provider, Date.now());
        freeSlot(pass.provider);
        void runner.deps.gate.report(pass, { kind: 'unused' });
      },
    };
  }

  return {
    reserve: async (call) => {
      const { provider } = call;
      const taken = underWay.get(provider) ?? 0;
      const capacity = capacityOf(provider);
      if (stopping || capacity === 0 || taken >= worker.concurrency) return null;
      if (!runner.deps.providers.has(provider)) return null;
      underWay.set(provider, taken + 1);
      const pass = await takePass(call);
      if (pass !== null) return slotOf(pass, capacity);
      freeSlot(provider);
      return null;
    },
    stop: async (timeoutMs) => {
      stopping = true;
      await waitAtMost(timeoutMs, Promise.all(running));
    },
  };
}

/** What a claim by ticket would give of a job that was claimed where it was accepted. */
function claimedOf(intake: JobIntake): ClaimedJob {
  const startedAt = new Date();
  const row = {
    batchId: null,
    target: 0,
    // Of `job.queued`, which every job has.
    eventSeq: queuedEventId,
    id: intake.id,
    accountId: intake.accountId,
    lane: intake.lane,
    model: intake.model,
    provider: intake.provider,
    attempts: 1,
    tries: 1,
    holdNano: intake.holdNano,
    stream: intake.stream,
    announces: intake.announces,
    webhookUrl: intake.webhookUrl,
    webhookPayload: intake.webhookPayload,
    metadata: intake.metadata,
    createdAt: intake.createdAt,
    startedAt,
    maxAttempts: intake.maxAttempts,
    inputTokensBound: intake.inputTokensBound,
    deadlineAt: new Date(startedAt.getTime() + intake.expiresInSeconds * 1000),
    request: intake.request,
    targets: JSON.parse(intake.targets) as unknown,
  };
  return toClaimedJob(row, ticketId({ id: intake.id, generation: 0 }));
}
