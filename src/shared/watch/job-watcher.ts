import { type JobEvent, queuedEventId, toJobEvent } from '../domain/event.ts';
import { isFinal } from '../domain/job.ts';
import type { JobEvents } from '../job-events.ts';
import type { Database } from '../sql/database.ts';
import { findWatchedJob, listFinalJobs, type WatchedJob } from '../sql/job-watch.ts';
import { Cursor } from './cursor.ts';
import { Inbox } from './inbox.ts';
import { finalIdOf, tellTheEnd } from './tell-the-end.ts';

/** News may be lost: a silent job is looked at again this often, all of them in one query. */
const lookAgainMs = 2000;
const pageSize = 200;

export type JobWatcherDeps = {
  sql: Database;
  events: Pick<JobEvents, 'log' | 'feed'>;
  log: { debug(details: object, message: string): void };
};

type WatchRequest = {
  jobId: string;
  /** Id of the last event the watcher has, 0 for none. */
  after: number;
  signal: AbortSignal;
};

/** Events in order. `live` ones came just now; others are being caught up with, and the reader may set the pace. */
type WatchedEvents = { events: JobEvent[]; live: boolean };

export type JobWatcher = {
  find(jobId: string): Promise<WatchedJob | null>;
  /** Whether a watcher who has the event `after` has had the last one, or there is nothing left to tell. */
  isOver(job: WatchedJob, after: number): Promise<boolean>;
  /** The events of a job from `after` on, until the final one or the signal. */
  watch(request: WatchRequest): AsyncGenerator<WatchedEvents>;
  stop(): void;
};

/**
 * Watches jobs for this process: the log and the news of Redis for what comes while a job runs, Postgres for the beginning
 * and the end. A lost message or a Redis that is away delays a watcher by two seconds at most and never leaves a hole
 * unsaid: missing output is told by `output.reset` or, at the end, by a snapshot.
 */
export function createJobWatcher(deps: JobWatcherDeps): JobWatcher {
  const watched = new Set<Inbox>();
  let looking = false;

  async function lookAgain(): Promise<void> {
    const silent = [...watched].filter((inbox) => inbox.wasSilent());
    if (silent.length === 0 || looking) return;
    looking = true;
    for (const inbox of silent) inbox.look('log');
    try {
      const final = new Set(await listFinalJobs(deps.sql, [...new Set(silent.map(({ jobId }) => jobId))]));
      for (const inbox of silent) if (final.has(inbox.jobId)) inbox.look('row');
    } catch (error) {
      deps.log.debug({ error }, 'watched jobs could not be looked at');
    }
    looking = false;
  }
  const timer = setInterval(() => void lookAgain(), lookAgainMs);
  timer.unref();

  async function* watch(request: WatchRequest): AsyncGenerator<WatchedEvents> {
    const { jobId, after, signal } = request;
    const inbox = new Inbox(deps.events.feed, jobId, signal);
    watched.add(inbox);
    try {
      await inbox.ready();
      const cursor = new Cursor(after);
      if (after < queuedEventId) yield { events: [queuedEvent(jobId, cursor)], live: false };
      while (!signal.aborted) {
        const { events, look, lookAtRow } = takeNews(jobId, inbox, cursor);
        if (events.length > 0) yield { events, live: true };
        const ended = look && (yield* lookForMore(deps, jobId, { inbox, cursor, lookAtRow }));
        if (ended) return;
        await inbox.wait();
      }
    } finally {
      watched.delete(inbox);
      inbox.end();
    }
  }

  return {
    find: (jobId) => findWatchedJob(deps.sql, jobId),
    isOver: async (job, after) =>
      job.erased || (isFinal(job.state) && after >= (await finalIdOf(deps, job, 0))),
    watch,
    stop: () => clearInterval(timer),
  };
}

function queuedEvent(jobId: string, cursor: Cursor): JobEvent {
  cursor.advance(queuedEventId);
  return toJobEvent(jobId, { id: queuedEventId, type: 'job.queued', fields: '{}' });
}

/** What may be passed on at once, and whether there is more to look for. */
function takeNews(jobId: string, inbox: Inbox, cursor: Cursor) {
  const { news, lookAtRow, lookAtLog } = inbox.take();
  const live = cursor.takeNews(news);
  const events = (live ?? []).map((event) => toJobEvent(jobId, event));
  return { events, look: live === null || lookAtRow || lookAtLog, lookAtRow };
}

/** Passes on what the log and the row have; true when the final event was given. */
async function* lookForMore(
  deps: JobWatcherDeps,
  jobId: string,
  { inbox, cursor, lookAtRow }: { inbox: Inbox; cursor: Cursor; lookAtRow: boolean },
): AsyncGenerator<WatchedEvents, boolean> {
  // The row before the log: once the row is final, the log is complete.
  const job = lookAtRow ? await findOrRetry(deps, jobId, inbox) : undefined;
  if (job === null) return true;
  yield* catchUp(deps, jobId, cursor);
  if (job === undefined || !isFinal(job.state)) return false;
  const end = await tellTheEnd(deps, job, cursor).catch((error: unknown) => {
    deps.log.debug({ job_id: jobId, error }, 'the end of a job could not be read');
    return null;
  });
  // Not asked again at once: the database is away, and the next look will come.
  if (end === null) return false;
  if (end.length > 0) yield { events: end, live: false };
  return true;
}

async function findOrRetry(deps: JobWatcherDeps, jobId: string, inbox: Inbox) {
  try {
    return await findWatchedJob(deps.sql, jobId);
  } catch (error) {
    deps.log.debug({ job_id: jobId, error }, 'a watched job could not be read');
    setTimeout(() => inbox.look('row'), lookAgainMs).unref();
    return undefined;
  }
}

async function* catchUp(
  deps: JobWatcherDeps,
  jobId: string,
  cursor: Cursor,
): AsyncGenerator<WatchedEvents, void> {
  for (;;) {
    const page = await deps.events.log.read(jobId, cursor.seen, pageSize);
    if (page === null) return;
    const events = cursor.takeLogged(page).map((event) => toJobEvent(jobId, event));
    if (events.length > 0) yield { events, live: false };
    if (page.length < pageSize) return;
  }
}
