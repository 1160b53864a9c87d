import { createHash, hash as hashOnce } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { tooManyValues } from '../../shared/formats/common/client-json.ts';
import { isWithinLimits, type JsonLimits, JsonScan } from '../../shared/platform/json/measure-json.ts';
import type { BodySlot, BodySlots } from './body-slots.ts';

export type ReceiveSettings = {
  /** Of a body. */
  bytesMax: number;
  /** How many values it may hold. */
  limits: JsonLimits;
  /** A body of which nothing comes for this long is given up. */
  silenceMsMax: number;
};

/** A body of which nothing comes for this long is given up. */
export const silenceMsMax = 30_000;

/** Less takes no slot of its account: it is here as soon as it is asked for. */
const smallBytesMax = 64 * 1024;

export type ReceivedBody = { bytes: Buffer; sha256: string };

/**
 * Takes a body in and counts its values as they come, unless it is too short to hold too many: of one that
 * holds too many nothing is kept, though it is read to its end, since a client that still sends would not
 * hear why it was refused. All within what one body, its account and the process may hold. Whoever has no
 * slot yet is not read from, and waits at his own end. Rejects with a Refusal.
 */
export async function receiveBody(
  slots: BodySlots,
  settings: ReceiveSettings,
  request: FastifyRequest,
): Promise<ReceivedBody> {
  const announcedBytes = Number(request.headers['content-length'] ?? Number.NaN);
  if (announcedBytes > settings.bytesMax) throw tooLarge();
  // Without a length it may become large.
  const isSmall = announcedBytes <= smallBytesMax;
  const slot = isSmall ? slots.small(request.account) : await slots.enter(request.account);
  try {
    const { bytes, sha256 } = await read(
      request,
      settings,
      slot,
      isWithinLimits(announcedBytes, settings.limits),
    );
    if (!Number.isNaN(announcedBytes) && bytes.length !== announcedBytes) {
      throw new Refusal('invalid_json', 'The body is not as long as its content-length says');
    }
    return { bytes, sha256 };
  } finally {
    slot.leave();
  }
}

/** `isShort`: nothing has to be counted, and the hash is cheaper at once than in pieces. */
function read(
  request: FastifyRequest,
  settings: ReceiveSettings,
  slot: BodySlot,
  isShort: boolean,
): Promise<ReceivedBody> {
  const { raw } = request;
  const hash = isShort ? null : createHash('sha256');
  const scan = isShort ? null : new JsonScan(settings.limits);
  const excess = () => scan?.excess ?? null;
  let chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(silent(settings)), settings.silenceMsMax);
    const onData = (chunk: Buffer) => {
      timer.refresh();
      size += chunk.length;
      try {
        if (size > settings.bytesMax) throw tooLarge();
        if (excess() === null) slot.hold(chunk.length);
      } catch (error) {
        end(error);
        return;
      }
      scan?.add(chunk);
      if (excess() === null) {
        hash?.update(chunk);
        chunks.push(chunk);
      } else {
        chunks = [];
        slot.leave();
      }
    };
    const onEnd = () => {
      const tooMany = excess();
      end(tooMany === null ? null : tooManyValues(tooMany, 'The body'));
    };
    const onError = (error: Error) => end(brokenOff(error));
    const onClose = () => end(brokenOff(null));
    function end(error: unknown): void {
      clearTimeout(timer);
      raw.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      if (error !== null) {
        reject(error);
        return;
      }
      const bytes = Buffer.concat(chunks, size);
      resolve({ bytes, sha256: hash?.digest('hex') ?? hashOnce('sha256', bytes) });
    }
    if (raw.destroyed) return end(brokenOff(null));
    raw.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    raw.resume();
  });
}

function tooLarge(): Refusal {
  return new Refusal('too_large', 'The body is larger than this server takes');
}

function silent({ silenceMsMax }: ReceiveSettings): Refusal {
  const message = `Nothing more of the body came for ${silenceMsMax / 1000} seconds; send it again`;
  return new Refusal('invalid_json', message, { status: 408 });
}

function brokenOff(cause: unknown): Refusal {
  return new Refusal('invalid_json', 'The body broke off', {}, cause ?? undefined);
}
