import type { Delta } from '../domain/chat.ts';
import { addDelta, type LoggedEvent, type Pending } from '../domain/event.ts';
import type { RedisConnection } from '../redis.ts';
import type { Log } from '../telemetry.ts';
import { within } from '../within.ts';
import { appendEvent, readLastEvent } from './event-log.ts';

export type JobEventWriter = {
  /** The attempt has begun; output of an earlier one is void from here. */
  started(): void;
  /** Something came out. Never waits and never fails. */
  delta(delta: Delta): void;
  /** Writes what is left and says the id of the last event: the final one has the next. */
  close(): Promise<number>;
};

export type WriterJob = {
  jobId: string;
  attempt: number;
  provider: string;
  model: string;
  /** Whether deltas are wanted; the rest is always written. */
  stream: boolean;
  /** The last id the database knows of. */
  lastSeq: number;
};

/** The first delta leaves at once; later ones gather for this long. */
const coalesceMs = 50;
/** How long the start of a log may be looked for, and its end be written, while Redis does not answer. */
const patienceMs = 1000;

/**
 * Writes the events of one attempt, in order, one at a time. Redis is never waited for by the run: when it is away events
 * are lost and ids go on counting, and the viewers' gap is filled from the result.
 */
export function createEventWriter(
  deps: { redis: RedisConnection; prefix: string; log: Log },
  job: WriterJob,
): JobEventWriter {
  const place = { prefix: deps.prefix, jobId: job.jobId };
  const pending: Pending = new Map();
  const offsets = new Map<number, number>();
  let seq = job.lastSeq;
  let fenced = false;
  let timer: NodeJS.Timeout | null = null;
  let tail: Promise<void> = findStart();

  /** An earlier attempt may have written more than the database heard of; its text, if any, is void. */
  async function findStart(): Promise<void> {
    const last = await readLastEvent(deps.redis, place).catch(() => null);
    seq = Math.max(seq, last?.seq ?? 0);
    const hadOutput = last?.event.type === 'output.delta' || last?.event.type === 'output.tool_call';
    if (hadOutput)
      await write({ type: 'output.reset', attempt: job.attempt, reason: 'the answer begins anew' });
  }

  async function write(event: LoggedEvent): Promise<void> {
    seq += 1;
    if (fenced) return;
    try {
      fenced = !(await appendEvent(deps.redis, place, { seq, event }));
    } catch (error) {
      deps.log.debug({ job_id: job.jobId, error }, 'an event was not written');
    }
  }

  function queue(event: LoggedEvent): void {
    tail = tail.then(() => write(event));
  }

  function flush(): void {
    timer = null;
    const events = [...pending.values()];
    pending.clear();
    for (const event of events) queue(event);
  }

  return {
    started: () =>
      queue({ type: 'job.started', attempt: job.attempt, provider: job.provider, model: job.model }),
    delta: (delta) => {
      if (!job.stream) return;
      const isFirst = offsets.size === 0 && pending.size === 0 && timer === null;
      addDelta(pending, delta, job.attempt, offsets);
      if (isFirst) flush();
      timer ??= setTimeout(flush, coalesceMs);
    },
    close: async () => {
      if (timer !== null) clearTimeout(timer);
      flush();
      await within(patienceMs, tail);
      return seq;
    },
  };
}
