import { createRebuiltText, type RebuiltText } from './rebuilt-text.ts';
import type { ServerSentEvent } from './server-sent-events.ts';

/** What one reader knows of a job from its events, over all its connections. */
export type WatchedJob = {
  jobId: string;
  /** Where to resume; 0 before the first event. */
  lastId: number;
  /** `job.succeeded` and its like; null until it came. */
  finalType: string | null;
  /** The final event did not follow the one before it. */
  hasHoleBeforeEnd: boolean;
  output: RebuiltText;
  connections: number;
  /** Sentences about events that were missing, repeated or out of place, and answers that cannot be. */
  wrong: string[];
};

export function newWatchedJob(jobId: string): WatchedJob {
  return {
    jobId,
    lastId: 0,
    finalType: null,
    hasHoleBeforeEnd: false,
    output: createRebuiltText(),
    connections: 0,
    wrong: [],
  };
}

const finalTypes = new Set(['job.succeeded', 'job.failed', 'job.cancelled', 'job.expired']);

/**
 * Takes one event. Ids count one by one; only a reset and a snapshot may leave ids out, since both say that
 * what went before does not count any more. A hole before the final event is only remembered: a job that is
 * not streamed has no text to lose.
 */
export function applyEvent(job: WatchedJob, event: ServerSentEvent): void {
  const id = Number(event.id);
  const here = `event ${event.id} ${event.type}`;
  const fields = readFields(job, event, here);
  if (fields['seq'] !== id || fields['job_id'] !== job.jobId)
    job.wrong.push(`${here} says it is ${fields['seq']} of ${fields['job_id']}`);
  if (job.finalType !== null) job.wrong.push(`${here} came after the final event`);
  if (!(id > job.lastId)) {
    job.wrong.push(`${here} came after ${job.lastId}`);
    return;
  }
  const isFinal = finalTypes.has(event.type);
  const mayLeaveOut = event.type === 'output.reset' || event.type === 'output.snapshot';
  const hasHole = id !== job.lastId + 1 && !mayLeaveOut;
  if (hasHole && !isFinal) job.wrong.push(`${here} came right after ${job.lastId}`);
  if (isFinal) {
    job.finalType = event.type;
    job.hasHoleBeforeEnd = hasHole;
  }
  job.lastId = id;
  job.wrong.push(...job.output.apply(event.type, fields).map((what) => `${here}: ${what}`));
}

function readFields(job: WatchedJob, event: ServerSentEvent, here: string): Record<string, unknown> {
  try {
    return JSON.parse(event.data) as Record<string, unknown>;
  } catch {
    job.wrong.push(`${here} is not JSON`);
    return {};
  }
}
