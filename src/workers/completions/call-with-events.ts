import type { Answer } from '../../shared/chat/call-result.ts';
import type { JobEvents } from '../../shared/events/job-events.ts';
import type { OutputListeners } from '../../shared/jobs/express.ts';
import { isLiveStream } from '../../shared/jobs/rules/job.ts';
import type { GatePass } from '../../shared/queue/gate.ts';
import { type CallDeps, callProvider } from './call-provider.ts';
import type { Run } from './runs.ts';

export type CallWithEventsDeps = CallDeps & { events: Pick<JobEvents, 'openWriter'> };

export type Called = {
  answer: Answer;
  /** Some of the output was written for a client that reads the answer as it comes. */
  outputWasSent: boolean;
  /** The id of the last event that was written. */
  lastEventSeq: number;
};

/**
 * Makes the call of a run, and writes its start and its output as events for those who follow the job. A
 * reader in this process has the output as soon as it comes.
 */
export async function callWithEvents(
  deps: CallWithEventsDeps,
  run: Run,
  pass: GatePass,
  reader: OutputListeners | null = null,
): Promise<Called> {
  const { job } = run;
  const writer = deps.events.openWriter({
    jobId: job.id,
    attempt: job.attempts,
    provider: job.provider,
    model: job.target.model,
    stream: job.stream,
    lastSeq: job.eventSeq,
    createdAtMs: job.createdAt.getTime(),
  });
  // Of a job that runs since it is there nobody has seen anything else; of one that streams the log opens.
  if (reader === null || job.stream) writer.started();
  let hasOutput = false;
  const answer = await callProvider(deps, run, pass, {
    onDelta: (delta) => {
      hasOutput = true;
      reader?.onDelta(delta);
      writer.delta(delta);
    },
    onPassed: (event) => {
      hasOutput = true;
      reader?.onPassed(event);
      writer.passed(event);
    },
  }).catch((error: unknown) => {
    void writer.close();
    throw error;
  });
  const lastEventSeq = await writer.close();
  return { answer, outputWasSent: hasOutput && isLiveStream(job), lastEventSeq };
}
