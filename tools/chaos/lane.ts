import type { Socket } from 'node:net';

/** How a lane moves bytes at this moment. */
export type Pace = {
  /** Nothing moves, and nothing is read. */
  stopped: boolean;
  /** From the arrival of a byte to its departure. */
  delayMs: number;
  /** Infinity where nothing holds it back. */
  bytesPerSecond: number;
};

/**
 * One direction of a connection: what is read from one socket, kept until it is due, then delivered in order.
 */
export type Lane = {
  /** Moves what is due and plans the rest; to be called whenever the pace has changed. */
  pump(): void;
  /** For good: forgets what is queued, and its timer. */
  stop(): void;
};

type LaneEnds = {
  source: Socket;
  pace(): Pace;
  deliver(bytes: Buffer): void;
  /** After the last byte of a source that has ended. */
  finish(): void;
  /** While the other end takes no more. */
  isBlocked(): boolean;
};

/** Above this the source is no longer read, so that a slow lane slows its sender too. */
const queueLimitBytes = 2 ** 20;

/** A throttled lane moves as much at a time as it may move in this time. */
const sliceMs = 20;

export function openLane({ source, pace, deliver, finish, isBlocked }: LaneEnds): Lane {
  const queue: { bytes: Buffer; arrivedAt: number }[] = [];
  let queuedBytes = 0;
  let hasEnded = false;
  let isClosed = false;
  let last = { bytes: 0, at: 0 };
  let timer: NodeJS.Timeout | undefined;

  /** The next piece to move, or in how many milliseconds there is one; null when nothing is planned. */
  function nextPiece(): Buffer | number | null {
    const { stopped, delayMs, bytesPerSecond } = pace();
    const head = queue[0];
    if (isClosed || stopped || head === undefined || isBlocked()) return null;
    const now = performance.now();
    const sliceBytes = Math.max(1, Math.floor((bytesPerSecond * sliceMs) / 1000));
    // What went at another pace counts as a slice of this one, so that a change is felt at once.
    const freeAt = last.at + (Math.min(last.bytes, sliceBytes) * 1000) / bytesPerSecond;
    const waitMs = Math.max(head.arrivedAt + delayMs, freeAt) - now;
    if (waitMs > 0) return waitMs;
    const piece = head.bytes.subarray(0, sliceBytes);
    if (piece.length === head.bytes.length) queue.shift();
    else head.bytes = head.bytes.subarray(sliceBytes);
    queuedBytes -= piece.length;
    last = { bytes: piece.length, at: now };
    return piece;
  }

  function pump(): void {
    clearTimeout(timer);
    let next = nextPiece();
    while (Buffer.isBuffer(next)) {
      deliver(next);
      next = nextPiece();
    }
    if (isClosed) return;
    if (next !== null) timer = setTimeout(pump, Math.ceil(next));
    const { stopped } = pace();
    if (hasEnded && queue.length === 0 && !stopped) {
      isClosed = true;
      finish();
    } else readOrWait(stopped || queuedBytes > queueLimitBytes || isBlocked());
  }

  function readOrWait(isFull: boolean): void {
    if (isFull) source.pause();
    else source.resume();
  }

  source.pause();
  source.on('data', (bytes: Buffer) => {
    if (isClosed) return;
    queue.push({ bytes, arrivedAt: performance.now() });
    queuedBytes += bytes.length;
    pump();
  });
  source.on('end', () => {
    hasEnded = true;
    pump();
  });
  return {
    pump,
    stop() {
      isClosed = true;
      clearTimeout(timer);
      queue.length = 0;
    },
  };
}
