import type { Delta, PassedEvent } from '../chat/chat.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import type { Log } from '../platform/log.ts';
import { createDeltaCoalescer } from './coalesce-deltas.ts';
import type { EventLog } from './event-log.ts';
import { EventSender, type WriterOptions } from './event-sender.ts';
import { type LoggedEvent, startedEvent, startedEventId } from './rules/event.ts';

/** The first delta leaves at once; later ones are joined for this long. */
const coalesceMs = 50;

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

function openStreamWriter(deps: Omit<WriterDeps, 'publish'>, options: WriterOptions): JobEventWriter {
  const { attempt, provider, model } = options;
  const outbox = new EventSender(deps, options);
  const coalescer = createDeltaCoalescer(attempt);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let passed: unknown[] = [];

  function takePassed() {
    if (passed.length === 0) return [];
    const events = passed;
    passed = [];
    return [{ type: 'output.passed', fields: writeJson({ attempt, events }) }];
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (coalescer.isEmpty() && passed.length === 0) return;
    // First what goes through: its readers know by it that the deltas say the same.
    outbox.write([...takePassed(), ...coalescer.take()]);
    if (!closed) timer = setTimeout(flush, coalesceMs);
  }

  return {
    started: () =>
      outbox.write([{ type: 'job.started', fields: JSON.stringify({ attempt, provider, model }) }]),
    delta: (delta) => {
      if (closed) return;
      coalescer.add(delta);
      if (timer === undefined) flush();
    },
    passed: ({ event }) => {
      if (closed) return;
      passed.push(event);
      if (timer === undefined) flush();
    },
    close: async () => {
      closed = true;
      flush();
      return await outbox.close();
    },
  };
}
