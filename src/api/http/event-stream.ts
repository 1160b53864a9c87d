import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { JobEvent } from '../../shared/domain/event.ts';

/** A viewer that has this much waiting does not read; it is dropped and may resume. */
const waitingBytesMax = 1024 * 1024;
/** While catching up, the next page is read when less than this waits. */
const pacedBytesMax = 256 * 1024;
/** A viewer that does not take what it catches up with in this time is dropped. */
const pacedMsMax = 60_000;
/** Silence after which a comment says that the connection lives; the HTML standard advises 15 s. */
const silenceMsMax = 15_000;
const wheelMs = 1000;
/** Milliseconds after which a browser connects again. */
const reconnectMs = 1000;

/** One viewer's connection. Writing never waits; whoever is too slow is dropped. */
export type EventStream = {
  /** Aborts when the viewer left, was dropped or the server closes. */
  signal: AbortSignal;
  send(events: JobEvent[]): void;
  /** Sends frames that are written out already. */
  write(frames: string): void;
  /** Waits while a viewer that catches up has much to read. */
  paced(): Promise<void>;
  end(): void;
};

export type EventStreams = {
  /** Takes the connection over from Fastify and sends the headers. `farewell` is said when the server closes. */
  open(reply: FastifyReply, options?: { farewell?: () => string }): EventStream;
  /** Asks every viewer to come back a little later and ends their streams; later ones end at once. */
  drain(): void;
  count(): number;
};

/**
 * Server-sent events over `reply.hijack()`: `@fastify/sse` 0.6 never settles after a slow viewer leaves and holds the
 * shutdown up. One timer serves all streams. `onCount` is told how many are open whenever that changes.
 */
export function createEventStreams(onCount: (open: number) => void = () => undefined): EventStreams {
  const viewers = new Set<Viewer>();
  let wheel: NodeJS.Timeout | undefined;
  let draining = false;

  function turn(): void {
    const before = Date.now() - silenceMsMax;
    for (const viewer of viewers) viewer.sayAliveSince(before);
  }

  function add(viewer: Viewer): void {
    viewers.add(viewer);
    wheel ??= setInterval(turn, wheelMs).unref();
    onCount(viewers.size);
  }

  function remove(viewer: Viewer): void {
    if (!viewers.delete(viewer)) return;
    onCount(viewers.size);
    if (viewers.size > 0) return;
    clearInterval(wheel);
    wheel = undefined;
  }

  return {
    open: (reply, { farewell = comeBack } = {}) => {
      const { raw } = reply;
      reply.hijack();
      // Nobody needs the connection afterwards, and an idle one would hold the shutdown up.
      raw.shouldKeepAlive = false;
      raw.writeHead(200, headersOf(reply));
      raw.flushHeaders();
      const viewer = new Viewer(raw, farewell, remove);
      add(viewer);
      viewer.write(`retry: ${reconnectMs}\n\n`);
      if (raw.destroyed) viewer.leave();
      else if (draining) viewer.sayFarewell();
      return viewer;
    },
    drain: () => {
      draining = true;
      for (const viewer of viewers) viewer.sayFarewell();
    },
    count: () => viewers.size,
  };
}

class Viewer implements EventStream {
  readonly #raw: ServerResponse;
  readonly #gone = new AbortController();
  readonly #farewell: () => string;
  readonly #onLeave: (viewer: Viewer) => void;
  #wroteAt = Date.now();

  constructor(raw: ServerResponse, farewell: () => string, onLeave: (viewer: Viewer) => void) {
    this.#raw = raw;
    this.#farewell = farewell;
    this.#onLeave = onLeave;
    raw.on('close', () => this.leave());
    raw.on('error', destroy);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  send(events: JobEvent[]): void {
    this.write(events.map(toFrame).join(''));
  }

  write(frames: string): void {
    const raw = this.#raw;
    if (frames === '' || raw.writableEnded || raw.destroyed) return;
    // What waited before counts: one event may be larger than the limit.
    if (raw.writableLength > waitingBytesMax) {
      raw.destroy();
      return;
    }
    this.#wroteAt = Date.now();
    const { socket } = raw;
    if (socket === null || !raw.chunkedEncoding) raw.write(frames);
    else writeChunk(socket, frames);
  }

  async paced(): Promise<void> {
    if (this.#raw.writableLength > pacedBytesMax && !this.signal.aborted) await this.#untilDrained();
  }

  end(): void {
    this.#raw.end();
  }

  /** A comment, when nothing was written since then; where something waits already, one more tells nobody anything. */
  sayAliveSince(time: number): void {
    if (this.#wroteAt <= time && this.#raw.writableLength === 0) this.write(': still here\n\n');
  }

  sayFarewell(): void {
    this.write(this.#farewell());
    this.#gone.abort();
    this.#raw.end();
  }

  leave(): void {
    this.#gone.abort();
    this.#onLeave(this);
  }

  async #untilDrained(): Promise<void> {
    const { socket } = this.#raw;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#raw.destroy(), pacedMsMax);
      const go = () => {
        clearTimeout(timer);
        socket?.off('drain', go);
        this.signal.removeEventListener('abort', go);
        resolve();
      };
      socket?.on('drain', go);
      this.signal.addEventListener('abort', go, { once: true });
    });
  }
}

function destroy(this: ServerResponse): void {
  this.destroy();
}

/** Spread over time, so that the next server is not met by all at once. */
function comeBack(): string {
  return `retry: ${250 + Math.floor(Math.random() * 2750)}\n: the server closes; resume\n\n`;
}

/** Types and ids are ours and the data is one line of JSON, so no field can end early. */
function toFrame({ id, type, data }: JobEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}

/**
 * One chunk of a chunked body (RFC 9112, 7.1) in one piece, where `raw.write` makes three: half of what a live event cost. What is written
 * in one turn leaves together.
 */
function writeChunk(socket: Socket, text: string): void {
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(uncork, socket);
  }
  socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

function uncork(socket: Socket): void {
  socket.uncork();
}

/** What plugins and hooks had set (CORS, request id) is lost by hijacking unless it is carried over. */
function headersOf(reply: FastifyReply): Record<string, string | number | string[]> {
  const headers: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = value;
  }
  return {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  };
}
