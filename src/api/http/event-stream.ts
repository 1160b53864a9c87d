import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A viewer that has this much waiting does not read; it is dropped and may resume. */
const waitingBytesMax = 1024 * 1024;
/** While catching up, the next page is read when less than this waits. */
const pacedBytesMax = 256 * 1024;
/** A viewer that does not take what it catches up with in this time is dropped. */
const pacedMsMax = 60_000;
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

/** One viewer of the server-sent events of a hijacked reply. */
export class Viewer implements EventStream {
  readonly #raw: ServerResponse;
  readonly #gone = new AbortController();
  readonly #closingFrame: (() => string) | null;
  readonly #sendsRetryField: boolean;
  readonly #onLeave: (viewer: Viewer) => void;
  #wroteAt = Date.now();
  /** Fields for the block of the next event. */
  #fields: string;
  #drained: Promise<void> | null = null;

  constructor(raw: ServerResponse, options: StreamOptions, onLeave: (viewer: Viewer) => void) {
    this.#raw = raw;
    this.#closingFrame = options.closingFrame ?? null;
    this.#sendsRetryField = options.sendsRetryField ?? false;
    this.#fields = this.#sendsRetryField ? `retry: ${reconnectMs}\n` : '';
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
    return this.#closingFrame === null;
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
   * A comment, when nothing was written since then; where something waits already, one more helps nobody
   * anything.
   */
  sendHeartbeatSince(time: number): void {
    if (this.#wroteAt <= time && this.#raw.writableLength === 0) this.#send(': still here\n');
  }

  sendClosingFrame(): void {
    if (this.#closingFrame !== null) this.write(this.#closingFrame());
    else this.#send(`${this.#sendsRetryField ? reconnectSoon() : ''}: the server closes; resume\n`);
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
