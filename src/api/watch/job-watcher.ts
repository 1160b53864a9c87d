import type { JobEvents } from '../../shared/events/job-events.ts';
import {
  type JobEvent,
  type LoggedEvent,
  queuedEventId,
  startedEvent,
  startedEventId,
  toJobEvent,
} from '../../shared/events/rules/event.ts';
import {
  findWatchedJob,
  type JobProgress,
  listProgress,
  listStarts,
  type WatchedJob,
} from '../../shared/events/sql/watched-jobs.ts';
import { isFinal } from '../../shared/jobs/rules/job.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { Cursor } from './cursor.ts';
import { finalIdOf, replayFinalEvents } from './final-events.ts';
import { Inbox } from './inbox.ts';

/** Signals may be lost: a silent job is polled this often, all of them in one query. */
const pollMs = 2000;
const pageSize = 200;

export type JobWatcherDeps = {
  sql: Database;
  events: Pick<JobEvents, 'log' | 'feed'>;
  log: { debug(details: object, message: string): void };
};

type WatchRequest = {
  jobId: string;
  /** Id of the last event the reader has, 0 for none. */
  after: number;
  signal: AbortSignal;
};

/** Who watches a job: is given its events in order, each once, by one of the two. */
export type JobReader = {
  /** Sets the pace: nothing more is looked for until it has what it was given. */
  take(events: JobEvent[]): Promise<void>;
  /** Events that come just now, which nobody waits for. Without it `take` has them too. */
  takeLive?(events: JobEvent[]): void;
};

export type JobWatcher = {
  find(jobId: string): Promise<WatchedJob | null>;
  /** Whether a reader who has the event `after` has had the last one, or there is nothing left to show. */
  isOver(job: WatchedJob, after: number): Promise<boolean>;
  /**
   * Gives the reader the events of a job from `after` on, until the final one or the signal. Rejects with
   * what the reader throws.
   */
  watch(request: WatchRequest, reader: JobReader): Promise<void>;
  stop(): void;
};

/**
 * Watches jobs for this process: the signals of Redis for what comes while a job runs, its log there for the
 * output of one that streams, Postgres for everything else. A lost message or a Redis that is away delays a
 * reader by two seconds at most and never leaves a hole unsaid: missing output is announced by `output.reset`
 * or, at the end, by a snapshot.
 */
export function createJobWatcher(deps: JobWatcherDeps): JobWatcher {
  const watched = new Set<Watching>();
  let looking = false;

  async function pollJobs(): Promise<void> {
    const silent = [...watched].filter(({ inbox }) => inbox.takeSilence());
    if (silent.length === 0 || looking) return;
    looking = true;
    for (const { streams, inbox } of silent) if (streams !== false) inbox.look('log');
    try {
      const found = await listProgress(deps.sql, [...new Set(silent.map(({ jobId }) => jobId))]);
      const progress = new Map(found.map((job) => [job.id, job]));
      for (const watching of silent) {
        if (isBehind(watching, progress.get(watching.jobId))) watching.inbox.look('row');
      }
    } catch (error) {
      deps.log.debug({ error }, 'watched jobs could not be looked at');
    }
    looking = false;
  }
  const timer = setInterval(() => void pollJobs(), pollMs);
  timer.unref();

  async function watch({ jobId, after, signal }: WatchRequest, reader: JobReader): Promise<void> {
    const inbox = new Inbox(deps.events.feed, jobId, signal);
    const cursor = new Cursor(after);
    const watching: Watching = { jobId, signal, inbox, cursor, reader, streams: null, thrown: null };
    const passOn =
      reader.takeLive === undefined ? null : (signals: LoggedEvent[]) => passLive(watching, signals);
    watched.add(watching);
    try {
      await inbox.ready();
      if (after < queuedEventId) await emitQueued(watching);
      while (!signal.aborted && !(await emitStored(deps, watching))) await inbox.wait(passOn);
    } finally {
      watched.delete(watching);
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

// What waits for long holds no events: a page of them with every silent stream would be most of its memory.
type Watching = {
  jobId: string;
  signal: AbortSignal;
  inbox: Inbox;
  cursor: Cursor;
  reader: JobReader;
  /** Whether the job has a log; null until its row was read. */
  streams: boolean | null;
  /** What the reader threw when it was given live events, which nobody waited for. */
  thrown: { error: unknown } | null;
};

/** Whether the row has what was not shown, and no log has. */
function isBehind({ streams, cursor }: Watching, job: JobProgress | undefined): boolean {
  if (job === undefined) return false;
  return job.isFinal || (streams === false && startedEventId(job.attempts) > cursor.seen);
}

async function emitQueued({ jobId, cursor, reader }: Watching): Promise<void> {
  cursor.advance(queuedEventId);
  await reader.take([toJobEvent(jobId, { id: queuedEventId, type: 'job.queued', fields: '{}' })]);
}

/** Passes on what follows without a hole; what does not is left to whoever looks at the log. */
function passLive(watching: Watching, signals: LoggedEvent[]): boolean {
  const { jobId, cursor, reader } = watching;
  const live = cursor.takeSignal(signals);
  if (live === null) return false;
  try {
    reader.takeLive?.(live.map((event) => toJobEvent(jobId, event)));
    return true;
  } catch (error) {
    watching.thrown = { error };
    return false;
  }
}

/**
 * Passes on what has come, and what the log and the row have if they are to be looked at; true when nothing
 * is left to show.
 */
async function emitStored(deps: JobWatcherDeps, watching: Watching): Promise<boolean> {
  const { inbox, cursor, thrown } = watching;
  if (thrown !== null) throw thrown.error;
  const { signals, pollRow, pollLog } = inbox.take();
  const live = cursor.takeSignal(signals);
  if (live !== null) await show(watching, live);
  if (live !== null && !pollRow && !pollLog) return false;
  // The row before the log: once the row is final, the log is complete. What does not stream has only a row.
  const job = pollRow || watching.streams === false ? await findOrRetry(deps, watching) : undefined;
  if (job === null) return true;
  if (watching.streams === null && job?.stream && job.state === 'running') deps.events.log.attend(job.id);
  watching.streams = job?.stream ?? watching.streams;
  if (watching.streams !== false) await emitLogged(deps, watching);
  if (job === undefined) return false;
  if (isFinal(job.state)) return await emitLast(deps, watching, job);
  if (!job.stream) await emitStarts(deps, watching, job);
  return false;
}

async function show({ jobId, reader }: Watching, events: LoggedEvent[]): Promise<void> {
  if (events.length > 0) await reader.take(events.map((event) => toJobEvent(jobId, event)));
}

async function findOrRetry(deps: JobWatcherDeps, watching: Watching) {
  return await readOrPoll(deps, watching, findWatchedJob(deps.sql, watching.jobId));
}

/** The calls that have begun: of a job without a log they are the events. */
async function emitStarts(deps: JobWatcherDeps, watching: Watching, job: WatchedJob): Promise<void> {
  const { cursor } = watching;
  if (startedEventId(job.attempts) <= cursor.seen) return;
  const starts = await readOrPoll(deps, watching, listStarts(deps.sql, job.id));
  if (starts !== undefined) await show(watching, cursor.takeLogged(starts.map(startedEvent)));
}

/** Undefined when Postgres did not answer; the row is looked at again then. */
async function readOrPoll<Found>(
  deps: JobWatcherDeps,
  { jobId, inbox }: Watching,
  finding: Promise<Found>,
): Promise<Found | undefined> {
  try {
    return await finding;
  } catch (error) {
    deps.log.debug({ job_id: jobId, error }, 'a watched job could not be read');
    setTimeout(() => inbox.look('row'), pollMs).unref();
    return undefined;
  }
}

async function emitLogged(deps: JobWatcherDeps, watching: Watching): Promise<void> {
  const { jobId, signal, cursor } = watching;
  while (!signal.aborted) {
    const page = await deps.events.log.read(jobId, cursor.seen, pageSize);
    if (page === null) return;
    await show(watching, cursor.takeLogged(page));
    if (page.length < pageSize) return;
  }
}

async function emitLast(
  deps: JobWatcherDeps,
  { jobId, cursor, reader }: Watching,
  job: WatchedJob,
): Promise<boolean> {
  const end = await replayFinalEvents(deps, job, cursor).catch((error: unknown) => {
    deps.log.debug({ job_id: jobId, error }, 'the end of a job could not be read');
    return null;
  });
  // Not asked again at once: the database is away, and the next look will come.
  if (end === null) return false;
  if (end.length > 0) await reader.take(end);
  return true;
}
