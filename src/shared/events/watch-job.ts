import type { JobEvent } from '../domain/event.ts';
import { isFinal, type JobRecord, toWireUsage } from '../domain/job.ts';
import { formatUsd } from '../domain/money.ts';
import type { JobEvents } from '../job-events.ts';
import type { RedisConnection } from '../redis.ts';
import { type LogEntry, readEvents } from './event-log.ts';

/** What is known of the job from the database at one moment. */
export type WatchedJob = { job: JobRecord; result: string | null };

export type WatchDeps = {
  redis: RedisConnection;
  prefix: string;
  events: Pick<JobEvents, 'onChange'>;
  find(): Promise<WatchedJob | null>;
};

/** News can be lost: a watcher looks for itself this often. */
const lookAgainMs = 1000;

/**
 * The events of one job from after `after` to its end, each once and in order: those that were written, then live ones, then
 * the final one, which is made from the job's row. Where the log does not reach (Redis was emptied, or kept it no longer),
 * an `output.snapshot` bears the id of the last event it replaces. Ends with the final event, or when `signal` aborts.
 */
export async function* watchJob(
  deps: WatchDeps,
  place: { jobId: string; after: number; signal: AbortSignal },
): AsyncGenerator<JobEvent> {
  let wake: () => void = () => undefined;
  const forget = deps.events.onChange(place.jobId, () => wake());
  place.signal.addEventListener('abort', () => wake(), { once: true });
  let cursor = place.after;
  try {
    while (!place.signal.aborted) {
      // Listening before looking: what changes in between wakes the next look at once.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const found = await deps.find();
      if (found === null) return;
      for (const event of await nextEvents(deps, place.jobId, found, cursor)) {
        yield event;
        cursor = event.seq;
      }
      if (isFinal(found.job.state)) return;
      const timer = setTimeout(wake, lookAgainMs);
      await changed;
      clearTimeout(timer);
    }
  } finally {
    forget();
  }
}

async function nextEvents(
  deps: WatchDeps,
  jobId: string,
  found: WatchedJob,
  after: number,
): Promise<JobEvent[]> {
  const { job } = found;
  const events: JobEvent[] = after < 1 ? [queuedEvent(job)] : [];
  const cursor = Math.max(1, after);
  const logged = await readEvents(deps.redis, { prefix: deps.prefix, jobId }, cursor).catch(
    (): LogEntry[] => [],
  );
  const lastSeq = isFinal(job.state) ? job.eventSeq - 1 : null;
  const whole = isGapless(logged, cursor) && (lastSeq === null || (logged.at(-1)?.seq ?? cursor) >= lastSeq);
  if (whole) {
    events.push(
      ...logged.filter(({ seq }) => lastSeq === null || seq <= lastSeq).map((entry) => toEvent(jobId, entry)),
    );
  } else {
    events.push(...acrossGap(found, logged, cursor, lastSeq));
  }
  if (lastSeq !== null && job.eventSeq > after) events.push(finalEvent(job));
  return events;
}

function isGapless(entries: LogEntry[], after: number): boolean {
  return entries.every((entry, index) => entry.seq === after + 1 + index);
}

/**
 * Part of the log is gone. Once the job is final, a snapshot of its text stands for all of it; before that, what is left
 * is held back until then, since no viewer could join it to what it has.
 */
function acrossGap(found: WatchedJob, logged: LogEntry[], after: number, lastSeq: number | null): JobEvent[] {
  const { job, result } = found;
  if (lastSeq === null) {
    // A restart of the text is a place to join again: everything before it is void anyway.
    const reset = logged.findIndex(
      ({ event }) => event.type === 'output.reset' || event.type === 'job.started',
    );
    return reset === -1 ? [] : logged.slice(reset).map((entry) => toEvent(job.id, entry));
  }
  if (lastSeq <= after) return [];
  const choices = job.stream ? textsOf(result) : [];
  const text = choices[0]?.text ?? '';
  return [{ seq: lastSeq, type: 'output.snapshot', data: { seq: lastSeq, job_id: job.id, text, choices } }];
}

function textsOf(result: string | null): { choice: number; text: string }[] {
  if (result === null) return [];
  const { choices } = JSON.parse(result) as {
    choices: { index: number; message: { content: string | null } }[];
  };
  return choices.map(({ index, message }) => ({ choice: index, text: message.content ?? '' }));
}

function toEvent(jobId: string, { seq, event }: LogEntry): JobEvent {
  const { type, ...data } = event;
  return { seq, type, data: { seq, job_id: jobId, ...data } };
}

function queuedEvent(job: JobRecord): JobEvent {
  return { seq: 1, type: 'job.queued', data: { seq: 1, job_id: job.id } };
}

function finalEvent(job: JobRecord): JobEvent {
  const seq = job.eventSeq;
  return {
    seq,
    type: `job.${job.state}`,
    data: {
      seq,
      job_id: job.id,
      status: job.state,
      usage: job.usage === null ? null : toWireUsage(job.usage, job.estimated),
      charge_usd: job.chargeNano === null ? null : formatUsd(job.chargeNano),
      error: job.error,
    },
  };
}
