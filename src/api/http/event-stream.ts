import type { FastifyReply } from 'fastify';
import type { JobEvent } from '../../shared/domain/event.ts';

/** A viewer that does not read is dropped when this much waits for it; it may come back and resume. */
const waitingBytesMax = 1024 * 1024;
/** Proxies close what is silent; a comment says that we are still there. */
const heartbeatMs = 15_000;
/** How long a browser waits before it comes back. */
const retryMs = 1000;

/** The streams of one process, so that they can all be ended when it stops. */
export type EventStreams = {
  /** Answers with events until they end, the viewer leaves, or the process stops. Takes over the reply. */
  send(reply: FastifyReply, events: (signal: AbortSignal) => AsyncGenerator<JobEvent>): Promise<void>;
  /** Ends every stream; viewers come back to another process and resume. */
  endAll(): void;
};

export function createEventStreams(): EventStreams {
  const open = new Map<FastifyReply['raw'], AbortController>();
  const heartbeat = setInterval(() => {
    for (const raw of open.keys()) raw.write(': still here\n\n');
  }, heartbeatMs);
  heartbeat.unref();

  async function send(
    reply: FastifyReply,
    events: (signal: AbortSignal) => AsyncGenerator<JobEvent>,
  ): Promise<void> {
    const { raw } = reply;
    const controller = new AbortController();
    // What plugins set (CORS, the request id, security) would be lost with the reply.
    const headers = { ...reply.getHeaders() };
    reply.hijack();
    raw.on('close', () => controller.abort());
    raw.on('error', () => controller.abort());
    raw.writeHead(200, {
      ...(headers as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    raw.socket?.setNoDelay(true);
    raw.write(`retry: ${retryMs}\n\n`);
    open.set(raw, controller);
    try {
      for await (const event of events(controller.signal)) {
        // Never waits for a viewer: the next look at the log would only be later, and memory is bounded here.
        raw.write(toFrame(event));
        if (raw.writableLength > waitingBytesMax) raw.destroy();
      }
    } catch {
      // The stream breaks off, which a viewer can tell from its end: only a final event is one.
      raw.destroy();
    } finally {
      open.delete(raw);
      raw.end();
    }
  }

  return {
    send,
    endAll: () => {
      clearInterval(heartbeat);
      for (const [raw, controller] of open) {
        controller.abort();
        raw.end();
      }
    },
  };
}

/** One event in the format of the HTML standard; JSON has no line breaks, so its data is one line. */
function toFrame(event: JobEvent): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`;
}
