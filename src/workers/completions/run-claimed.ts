import type { JobEvents } from '../../shared/events/job-events.ts';
import type { OutputListeners } from '../../shared/jobs/express.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { GatePass } from '../../shared/queue/gate.ts';
import { type CallWithEventsDeps, callWithEvents } from './call-with-events.ts';
import type { ClaimedJob } from './claim.ts';
import { decideRun } from './decide-run.ts';
import { type Finish, type FinishDeps, finishJob } from './finish-job.ts';
import type { Runs } from './runs.ts';

export type RunClaimedDeps = CallWithEventsDeps &
  FinishDeps & {
    runs: Runs;
    events: Pick<JobEvents, 'announce'>;
    /** Signals to the delivery workers that a webhook is owed. */
    owesDelivery(): void;
    /** Signals to the dispatchers that a job waits again, for this or another provider. */
    requeued(): void;
    random(): number;
  };

/**
 * Runs the attempt of a job that this process has claimed: call, decide, finish, announce. `reader` is given
 * the output as it comes, beside those who follow the job by its events.
 */
export async function runClaimed(
  deps: RunClaimedDeps,
  job: ClaimedJob,
  pass: GatePass,
  reader: OutputListeners | null = null,
): Promise<Finish> {
  const run = deps.runs.start(job);
  try {
    await failpoint('run.claimed');
    const { answer, outputWasSent, lastEventSeq } = await callWithEvents(deps, run, pass, reader);

    await failpoint('run.answered');
    const isCancelled = run.isCancelled();
    const decision = decideRun({ job, answer, isCancelled, outputWasSent }, deps.random());

    const finish = await finishJob(deps, job, decision, lastEventSeq);
    await failpoint('run.settled');

    announce(deps, job, finish);
    await failpoint('run.announced');
    return finish;
  } finally {
    run.end();
  }
}

function announce(deps: RunClaimedDeps, job: ClaimedJob, { kind }: Finish): void {
  if (kind === 'dropped') return;
  deps.events.announce(job.id);
  if (kind === 'settled' && job.announces) deps.owesDelivery();
  if (kind === 'requeued') deps.requeued();
}
