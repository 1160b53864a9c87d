/** Width and height in pixels. */
export type ImageSize = { width: number; height: number };

/**
 * Each reader answers null as soon as the bytes are not what its format's standard says, or end too early.
 */

const pngMagic = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const pngHeaderBytes = 13;

/**
 * PNG (ISO/IEC 15948, 11.2.1): the first chunk is IHDR, thirteen bytes long; frames of an animation lie
 * within its size.
 */
export function pngSize(bytes: Buffer): ImageSize | null {
  const isPng =
    bytes.length >= 33 &&
    bytes.subarray(0, 8).equals(pngMagic) &&
    bytes.readUInt32BE(8) === pngHeaderBytes &&
    bytes.toString('latin1', 12, 16) === 'IHDR';
  return isPng ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : null;
}

/** JPEG (ITU-T T.81, B.1 and B.2): segments that say their length, up to the one that begins the frame. */
export function jpegSize(bytes: Buffer): ImageSize | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes.readUInt8(at + 1);
    // Any number of these may come before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = bytes.readUInt16BE(at + 2);
    if (isFrameStart(marker)) {
      const components = bytes.readUInt8(at + 9);
      const isWhole = length === 8 + 3 * components;
      return isWhole ? { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) } : null;
    }
    if (!mayPrecedeFrame(marker) || length < 2) return null;
    at += 2 + length;
  }
  return null;
}

const isFrameStart = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Tables and comments: DHT, DAC, DQT, DRI, application data, COM. */
const mayPrecedeFrame = (marker: number) =>
  marker === 0xc4 ||
  marker === 0xcc ||
  marker === 0xdb ||
  marker === 0xdd ||
  (marker >= 0xe0 && marker <= 0xef) ||
  marker === 0xfe;

/** The smallest size that holds both. */
const around = (one: ImageSize, other: ImageSize): ImageSize => ({
  width: Math.max(one.width, other.width),
  height: Math.max(one.height, other.height),
});

/** GIF (89a, 17 to 27): the screen or the largest frame, whichever reaches further; read to the trailer. */
export function gifSize(bytes: Buffer): ImageSize | null {
  if (bytes.length < 13 || !/^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))) return null;
  let size: ImageSize = { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  let at = 13 + colourTableBytes(bytes.readUInt8(10));
  let frames = 0;
  while (at < bytes.length) {
    const kind = bytes.readUInt8(at);
    if (kind === 0x3b) return frames > 0 ? size : null;
    if (kind === 0x21) {
      at = afterBlocks(bytes, at + 2);
    } else if (kind === 0x2c && at + 10 < bytes.length) {
      const width = bytes.readUInt16LE(at + 1) + bytes.readUInt16LE(at + 5);
      const height = bytes.readUInt16LE(at + 3) + bytes.readUInt16LE(at + 7);
      size = around(size, { width, height });
      frames += 1;
      at = afterBlocks(bytes, at + 11 + colourTableBytes(bytes.readUInt8(at + 9)));
    } else {
      return null;
    }
  }
  return null;
}

/** Of a packed byte: whether a table of colours follows, and how large it is. */
const colourTableBytes = (packed: number) => ((packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1));

/** Where a row of blocks, each with its length, has ended with an empty one. */
function afterBlocks(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes.readUInt8(at);
  return at + 1;
}

/** WebP (RFC 9649, 2.3 to 2.7): the canvas and every frame, whichever reaches further; read to the end. */
export function webpSize(bytes: Buffer): ImageSize | null {
  const isWebp =
    bytes.length >= 20 &&
    bytes.toString('latin1', 0, 4) === 'RIFF' &&
    bytes.toString('latin1', 8, 12) === 'WEBP';
  return isWebp ? largestFrame(bytes, 12, bytes.length) : null;
}

/** Over the chunks between two places; those that say nothing of a size are passed by. */
function largestFrame(bytes: Buffer, start: number, end: number): ImageSize | null {
  let size: ImageSize | null = null;
  for (let at = start; at < end; ) {
    if (at + 8 > end) return null;
    const length = bytes.readUInt32LE(at + 4);
    const body = bytes.subarray(at + 8, Math.min(at + 8 + length, end));
    if (body.length < length) return null;
    const kind = bytes.toString('latin1', at, at + 4);
    const read = chunkReaders[kind];
    const found = read === undefined ? null : read(body);
    if (read !== undefined && found === null) return null;
    if (found !== null) size = size === null ? found : around(size, found);
    at += 8 + length + (length % 2);
  }
  return size;
}

const chunkReaders: Record<string, (body: Buffer) => ImageSize | null> = {
  VP8X: (body) =>
    body.length < 10 ? null : { width: body.readUIntLE(4, 3) + 1, height: body.readUIntLE(7, 3) + 1 },
  // RFC 6386, 9.1: a key frame, its start code, and fourteen bits each.
  'VP8 ': (body) =>
    body.length < 10 || (body.readUInt8(0) & 1) !== 0 || body.readUIntBE(3, 3) !== 0x9d012a
      ? null
      : { width: body.readUInt16LE(6) & 0x3fff, height: body.readUInt16LE(8) & 0x3fff },
  VP8L: (body) => {
    if (body.length < 5 || body.readUInt8(0) !== 0x2f) return null;
    const packed = body.readUInt32LE(1);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  },
  // A frame of an animation says its own size, and holds a bitstream that says one too.
  ANMF: (body) => {
    const inner = body.length < 16 ? null : largestFrame(body, 16, body.length);
    if (inner === null) return null;
    const declared = { width: body.readUIntLE(6, 3) + 1, height: body.readUIntLE(9, 3) + 1 };
    return around(declared, inner);
  },
};
