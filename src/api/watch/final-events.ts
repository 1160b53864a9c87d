import type { JobEvents } from '../../shared/events/job-events.ts';
import {
  finalEvent,
  type JobEvent,
  queuedEventId,
  snapshotEvent,
  startedEvent,
  toJobEvent,
} from '../../shared/events/rules/event.ts';
import { findResult, listStarts, type WatchedJob } from '../../shared/events/sql/watched-jobs.ts';
import { isFinal } from '../../shared/jobs/rules/job.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Cursor } from './cursor.ts';

type EndDeps = { sql: Database; events: Pick<JobEvents, 'log'> };

/**
 * The id of the final event: the one stored with the job, or a later one when a lost worker had written more
 * events than Postgres was told of. `seen` is the last id that the asker knows to be used.
 */
export async function finalIdOf(deps: EndDeps, job: WatchedJob, seen: number): Promise<number> {
  const lastLogged = job.stream ? ((await deps.events.log.lastId(job.id)) ?? 0) : 0;
  return Math.max(job.eventSeq, lastLogged + 1, seen + 1);
}

/**
 * What a watcher of a final job still lacks: a snapshot in place of output that is gone, then the final
 * event. Nothing when it has had that. Needs only Postgres.
 */
export async function replayFinalEvents(deps: EndDeps, job: WatchedJob, cursor: Cursor): Promise<JobEvent[]> {
  if (!isFinal(job.state)) return [];
  const finalId = await finalIdOf(deps, job, cursor.found);
  if (cursor.sent >= finalId) return [];
  const missing = cursor.sent < finalId - 1 ? await replayMissing(deps, job, cursor.sent, finalId) : [];
  return [...missing, finalEvent(job.id, finalId, { ...job, state: job.state })];
}

async function replayMissing(
  deps: EndDeps,
  job: WatchedJob,
  after: number,
  finalId: number,
): Promise<JobEvent[]> {
  if (job.stream) return [snapshotEvent(job.id, finalId - 1, await findResult(deps.sql, job.id))];
  // Without output the events are the calls, and the calls are stored.
  const starts = await listStarts(deps.sql, job.id);
  if (starts.length !== finalId - queuedEventId - 1) return [];
  return starts.map((start) => toJobEvent(job.id, startedEvent(start))).filter(({ id }) => id > after);
}
