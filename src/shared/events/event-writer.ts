import type { Delta, PassedEvent } from '../chat/chat.ts';
import type { Log } from '../platform/log.ts';
import { createDeltaBuffer } from './delta-buffer.ts';
import type { EventLog } from './event-log.ts';
import { EventSender, type WriterOptions } from './event-sender.ts';
import { type LoggedEvent, startedEvent, startedEventId } from './rules/event.ts';

/** The first delta leaves at once; later ones are joined for this long. */
const coalesceMs = 50;
/** And for this long, up to so much, while nobody watches: only who comes later reads them, from the log. */
const unwatchedMs = 500;
const unwatchedCharactersMax = 32 * 1024;
/** Who has just come may not be counted yet. */
const attendedMs = 1000;

/** Writes the events of one attempt. Nothing here waits, blocks or throws, whatever Redis does. */
export type JobEventWriter = {
  started(): void;
  delta(delta: Delta): void;
  /** An event of the provider's own, beside the deltas that say the same. */
  passed(event: PassedEvent): void;
  /**
   * Writes what is left, at most a second; resolves with the id of the last event, so the final one is that
   * plus 1.
   */
  close(): Promise<number>;
};

export type WriterDeps = {
  events: EventLog;
  log: Log;
  /** Shows events to who watches just now, and stores nothing. */
  publish(jobId: string, events: LoggedEvent[]): void;
  /** Calls `listener` when somebody begins to watch the job, until the returned function is called. */
  onAttended(jobId: string, listener: () => void): () => void;
};

/** A writer for the one worker that holds this attempt. */
export function openEventWriter(deps: WriterDeps, options: WriterOptions): JobEventWriter {
  return options.stream ? openStreamWriter(deps, options) : openStartWriter(deps, options);
}

/**
 * The writer of a job that does not stream: its calls are in Postgres, so that only who watches just now is
 * shown their start.
 */
function openStartWriter(deps: Pick<WriterDeps, 'publish'>, options: WriterOptions): JobEventWriter {
  const { jobId, attempt, provider, model } = options;
  return {
    started: () => deps.publish(jobId, [startedEvent({ attempt, provider, model })]),
    delta: () => undefined,
    passed: () => undefined,
    close: async () => startedEventId(attempt),
  };
}

/**
 * The writer of a job that streams: all of it goes to the log, and to who watches. The first output is there
 * at once, whoever watches: it decides what becomes of a job whose worker is lost.
 */
function openStreamWriter(deps: WriterDeps, options: WriterOptions): JobEventWriter {
  const { jobId, attempt, provider, model } = options;
  const buffer = createDeltaBuffer(attempt);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let isWatched = true;
  let attendedAtMs = Number.NEGATIVE_INFINITY;
  const outbox = new EventSender(
    {
      ...deps,
      onWritten: (watched) => {
        isWatched = watched || performance.now() - attendedAtMs < attendedMs;
      },
    },
    options,
  );
  const stopListening = deps.onAttended(jobId, () => {
    attendedAtMs = performance.now();
    isWatched = true;
    if (timer !== undefined) flush();
  });

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (buffer.isEmpty()) return;
    outbox.write(buffer.take());
    if (!closed) timer = setTimeout(flush, isWatched ? coalesceMs : unwatchedMs);
  }

  function flushIfDue(): void {
    const isFull = !isWatched && buffer.characters() > unwatchedCharactersMax;
    if (timer === undefined || isFull) flush();
  }

  return {
    started: () =>
      outbox.write([{ type: 'job.started', fields: JSON.stringify({ attempt, provider, model }) }]),
    delta: (delta) => {
      if (closed) return;
      buffer.addDelta(delta);
      flushIfDue();
    },
    passed: (event) => {
      if (closed) return;
      buffer.addPassed(event);
      flushIfDue();
    },
    close: async () => {
      closed = true;
      stopListening();
      flush();
      return await outbox.close();
    },
  };
}
