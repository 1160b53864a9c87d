import type { LoggedEvent } from '../domain/event.ts';
import type { RedisConnection } from '../redis.ts';
import { redisKey } from '../redis.ts';

/** How long the log of a job outlives its last event; after that a viewer gets a snapshot from the database. */
const keptMs = 24 * 60 * 60 * 1000;

export type LogEntry = { seq: number; event: LoggedEvent };

/** The channel on which news of one job is told. */
export function jobChannel(prefix: string, jobId: string): string {
  return `${prefix}:news:job:${jobId}`;
}

const logKey = (prefix: string, jobId: string) => redisKey(prefix, 'events', jobId);

/**
 * Appends one event under its own id. Redis refuses an id that is not beyond the last one, so a worker that lost its job
 * cannot write over its successor: false, and it should stop writing.
 */
export async function appendEvent(
  redis: RedisConnection,
  place: { prefix: string; jobId: string },
  entry: LogEntry,
): Promise<boolean> {
  const key = logKey(place.prefix, place.jobId);
  const text = JSON.stringify(entry.event);
  try {
    const added = redis.xadd(key, `${entry.seq}-0`, 'e', text);
    const kept = redis.pexpire(key, keptMs);
    await added;
    await kept;
  } catch (error) {
    if (/equal or smaller than the target stream top item/.test((error as Error).message)) return false;
    throw error;
  }
  await redis.publish(jobChannel(place.prefix, place.jobId), String(entry.seq));
  return true;
}

/** Events with an id beyond `after`, in order. */
export async function readEvents(
  redis: RedisConnection,
  place: { prefix: string; jobId: string },
  after: number,
): Promise<LogEntry[]> {
  const rows = await redis.xrange(logKey(place.prefix, place.jobId), `${after + 1}-0`, '+');
  return rows.map(toEntry);
}

/** The last event, or null when there is none (any more). */
export async function readLastEvent(
  redis: RedisConnection,
  place: { prefix: string; jobId: string },
): Promise<LogEntry | null> {
  const [row] = await redis.xrevrange(logKey(place.prefix, place.jobId), '+', '-', 'COUNT', 1);
  return row === undefined ? null : toEntry(row);
}

function toEntry([id, fields]: [string, string[]]): LogEntry {
  return { seq: Number.parseInt(id, 10), event: JSON.parse(fields[1] ?? '{}') as LoggedEvent };
}
