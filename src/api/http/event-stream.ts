import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JobEvent } from '../../shared/events/rules/event.ts';
import type { JobReader } from '../watch/job-watcher.ts';
import type { CredentialWatch } from './credential-watch.ts';
import type { UnderWay } from './under-way.ts';

/** A viewer that has this much waiting does not read; it is dropped and may resume. */
const waitingBytesMax = 1024 * 1024;
/** While catching up, the next page is read when less than this waits. */
const pacedBytesMax = 256 * 1024;
/** A viewer that does not take what it catches up with in this time is dropped. */
const pacedMsMax = 60_000;
/** Silence after which a comment says that the connection lives; the HTML standard advises 15 s. */
const defaultSilenceMs = 15_000;
/** How often the silent streams are looked for, as a share of that silence. */
const looksPerSilence = 15;
/** Milliseconds after which a browser connects again. */
const reconnectMs = 1000;

/** One viewer's connection. Writing never waits; whoever is too slow is dropped. */
export type EventStream = {
  /** Aborts when the viewer left, was dropped or the server closes. */
  signal: AbortSignal;
  /** Sends frames at once. */
  write(frames: string): void;
  /** Sends frames, which are made then, as soon as a viewer that catches up has little to read. */
  writePaced(frames: () => string): Promise<void>;
  end(): void;
};

export type StreamOptions = {
  /**
   * For viewers who cannot come back: these frames are sent when the server closes and their stream has not
   * ended in time. The others may resume.
   */
  closingFrame?: () => string;
  /**
   * Tells an EventSource when to connect again. Only for streams of our own: the streams of OpenAI and
   * Anthropic hold no such field, and clients that read theirs break on it.
   */
  sendsRetryField?: boolean;
};

export type EventStreams = {
  /**
   * Takes the connection over from Fastify and sends the headers. Throws the refusal of one viewer too many.
   */
  open(reply: FastifyReply, options?: StreamOptions): EventStream;
  /** Throws the refusal that `open` would, for those who make something first that is then to be watched. */
  refuseMore(request: FastifyRequest): void;
  /**
   * Asks every viewer to come back a little later and ends their streams; later ones end at once. Those with
   * a farewell of their own may go on for `patienceMs`.
   */
  drain(maxWaitMs: number): void;
  count(): number;
};

/**
 * Server-sent events over `reply.hijack()`: `@fastify/sse` 0.6 never settles after a slow viewer leaves and
 * holds the shutdown up. One timer serves all streams. `onCount` is told how many are open whenever that
 * changes.
 *
 * Every blank line that is sent ends a block that has data. The HTML standard lets a block without data pass
 * unseen, but the official decoders of OpenAI for Python (1 to 3) and for Go (before 3.43) make an event of
 * it and fail on its empty data: comments and fields stand in the block of the event that follows them.
 */
export function createEventStreams({
  onCount = () => undefined,
  silenceMs = defaultSilenceMs,
  watching = null,
  credentials = null,
}: {
  onCount?: (open: number) => void;
  silenceMs?: number;
  /** Counts the viewers of each account who can come back; those without are calls of their own. */
  watching?: UnderWay | null;
  /** A stream ends with the credential it was opened with. */
  credentials?: CredentialWatch | null;
} = {}): EventStreams {
  const viewers = new Set<Viewer>();
  let wheel: NodeJS.Timeout | undefined;
  let closing: 'no' | 'soon' | 'now' = 'no';

  function turn(): void {
    const before = Date.now() - silenceMs;
    for (const viewer of viewers) viewer.sendHeartbeatSince(before);
  }

  function add(viewer: Viewer): void {
    viewers.add(viewer);
    wheel ??= setInterval(turn, silenceMs / looksPerSilence).unref();
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
    open: (reply, options = {}) => {
      const { raw } = reply;
      const leave = options.closingFrame === undefined ? watching?.enter(reply.request.account) : undefined;
      reply.hijack();
      // Nobody needs the connection afterwards, and an idle one would hold the shutdown up.
      raw.shouldKeepAlive = false;
      raw.writeHead(200, headersOf(reply));
      raw.flushHeaders();
      const viewer = new Viewer(raw, options, remove);
      add(viewer);
      if (leave !== undefined) viewer.signal.addEventListener('abort', leave, { once: true });
      const credential = credentials?.watch(reply.request.caller);
      credential?.signal.addEventListener('abort', () => viewer.cut(), { once: true });
      viewer.signal.addEventListener('abort', () => credential?.forget(), { once: true });
      if (raw.destroyed) viewer.leave();
      else if (closing === 'now' || (closing === 'soon' && viewer.canComeBack)) viewer.sendClosingFrame();
      return viewer;
    },
    drain: (maxWaitMs) => {
      closing = 'soon';
      for (const viewer of viewers) if (viewer.canComeBack) viewer.sendClosingFrame();
      const end = () => {
        closing = 'now';
        for (const viewer of viewers) viewer.sendClosingFrame();
      };
      setTimeout(end, maxWaitMs).unref();
    },
    refuseMore: ({ account }) => watching?.refuseMore(account),
    count: () => viewers.size,
  };
}

class Viewer implements EventStream {
  readonly #raw: ServerResponse;
  readonly #gone = new AbortController();
  readonly #farewell: (() => string) | null;
  readonly #tellsWhenToReconnect: boolean;
  readonly #onLeave: (viewer: Viewer) => void;
  #wroteAt = Date.now();
  /** Fields for the block of the next event. */
  #fields: string;
  #drained: Promise<void> | null = null;

  constructor(raw: ServerResponse, options: StreamOptions, onLeave: (viewer: Viewer) => void) {
    this.#raw = raw;
    this.#farewell = options.closingFrame ?? null;
    this.#tellsWhenToReconnect = options.sendsRetryField ?? false;
    this.#fields = this.#tellsWhenToReconnect ? `retry: ${reconnectMs}\n` : '';
    this.#onLeave = onLeave;
    // As many jobs as there are on it listen for its end.
    setMaxListeners(0, this.#gone.signal);
    raw.on('close', () => this.leave());
    raw.on('error', destroy);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get canComeBack(): boolean {
    return this.#farewell === null;
  }

  write(frames: string): void {
    if (frames === '') return;
    const fields = this.#fields;
    this.#fields = '';
    this.#send(fields + frames);
  }

  #send(text: string): void {
    const raw = this.#raw;
    if (raw.writableEnded || raw.destroyed) return;
    // What waited before counts: one event may be larger than the limit.
    if (raw.writableLength > waitingBytesMax) {
      raw.destroy();
      return;
    }
    this.#wroteAt = Date.now();
    const { socket } = raw;
    if (socket === null || !raw.chunkedEncoding) raw.write(text);
    else writeChunk(socket, text);
  }

  async writePaced(frames: () => string): Promise<void> {
    // Asked again: of several who waited for the same moment, the first may have filled it up.
    while (this.#raw.writableLength > pacedBytesMax && !this.signal.aborted) {
      this.#drained ??= this.#untilDrained().finally(() => {
        this.#drained = null;
      });
      await this.#drained;
    }
    this.write(frames());
  }

  end(): void {
    this.#raw.end();
  }

  /**
   * A comment, when nothing was written since then; where something waits already, one more tells nobody
   * anything.
   */
  sendHeartbeatSince(time: number): void {
    if (this.#wroteAt <= time && this.#raw.writableLength === 0) this.#send(': still here\n');
  }

  sendClosingFrame(): void {
    if (this.#farewell !== null) this.write(this.#farewell());
    else this.#send(`${this.#tellsWhenToReconnect ? reconnectSoon() : ''}: the server closes; resume\n`);
    this.#gone.abort();
    this.#raw.end();
  }

  /**
   * Ends it in the middle: properly for whoever comes back and is then told why, visibly broken off for
   * anybody else.
   */
  cut(): void {
    this.#gone.abort();
    if (this.canComeBack) this.#raw.end();
    else this.#raw.destroy();
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

/**
 * Spread over time, so that the next server is not met by all at once. A browser obeys this line without the
 * end of its block.
 */
function reconnectSoon(): string {
  return `retry: ${250 + Math.floor(Math.random() * 2750)}\n`;
}

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

/**
 * One chunk of a chunked body (RFC 9112, 7.1) in one piece, where `raw.write` makes three: half of what a
 * live event cost. What is written in one turn leaves together.
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
