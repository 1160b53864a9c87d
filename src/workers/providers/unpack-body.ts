import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What takes the bytes of a body. */
export type BodyListener = {
  /** Throws when the body is not to be read on. */
  add(bytes: Buffer): void;
  /** There are no more. Throws when what came is no whole body. */
  end(): void;
};

/** The flow of a body that comes faster than it is unpacked. */
export type Flow = { pause(): void; resume(): void };

/** As undici's `fetch` has it: what has come is given on, and a body without its checksum is one. */
const lenient = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const lenientBrotli = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};
const codingsMax = 5;
const unpackers: Record<string, () => Transform> = {
  gzip: () => createGunzip(lenient),
  'x-gzip': () => createGunzip(lenient),
  deflate: () => createInflate(lenient),
  br: () => createBrotliDecompress(lenientBrotli),
};

/**
 * What takes the bytes of a body that travels packed (RFC 9110, 8.4) and gives on what is in them, piece by
 * piece. `fail` is called for a body that is not packed as it claims, and for what the listener throws.
 */
export function unpackBody(
  codings: string,
  listener: BodyListener,
  { flow, fail }: { flow: Flow; fail(error: unknown): void },
): BodyListener & { stop(): void } {
  const steps = toSteps(codings);
  const first = steps[0] as Transform;
  const last = steps.reduce((from, into) => from.pipe(into));
  last.on('data', (bytes: Buffer) => {
    try {
      listener.add(bytes);
    } catch (error) {
      fail(error);
    }
  });
  last.once('end', () => {
    try {
      listener.end();
    } catch (error) {
      fail(error);
    }
  });
  for (const step of steps) step.on('error', fail);
  first.on('drain', () => flow.resume());
  return {
    add(bytes) {
      if (!first.write(bytes)) flow.pause();
    },
    end: () => void first.end(),
    stop() {
      for (const step of steps) step.destroy();
    },
  };
}

/** The last coding that was applied is undone first. */
function toSteps(codings: string): Transform[] {
  const names = codings.split(',').map((name) => name.trim().toLowerCase());
  const known = names.filter((name) => Object.hasOwn(unpackers, name));
  if (known.length !== names.length || names.length > codingsMax)
    throw new Error('the provider packed its answer in a way that nobody asked for');
  return names.reverse().flatMap((name) => unpackers[name]?.() ?? []);
}
