import type { JobEvent } from '../../shared/events/rules/event.ts';
import type { JobReader } from '../watch/job-watcher.ts';
import type { EventStream } from './event-stream.ts';

/**
 * An event as it is sent, under its own id or another. Types and ids are ours and the data is one line of
 * JSON, so no field can end early.
 */
export function toFrame({ id, type, data }: JobEvent, shownId: number | string = id): string {
  return `id: ${shownId}\nevent: ${type}\ndata: ${data}\n\n`;
}

/** Shows the events of a job on a stream, each as `frameOf` has it when it is written. */
export function readerOn(stream: EventStream, frameOf: (event: JobEvent) => string): JobReader {
  return {
    take: async (events) => {
      for (const event of events) await stream.writePaced(() => frameOf(event));
    },
    takeLive: (events) => stream.write(events.map(frameOf).join('')),
  };
}
