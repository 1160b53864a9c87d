import { gifSize, type ImageSize, jpegSize, pngSize, webpSize } from './image-formats.ts';

/**
 * A decoder trusts the bytes, so a size counts only where the whole of a format's rules is kept up to the
 * place it stands in. Where there is any doubt there is no size, and the model's most expensive image is
 * reserved.
 */

/** A JPEG's size may stand behind its metadata; further in than this we do not look. */
const jpegHeadBytes = 256 * 1024;
/** A PNG's size is in its first chunk. */
const pngHeadBytes = 64;

type Format = { mediaTypes: string[]; headBytes: number; sizeOf(bytes: Buffer): ImageSize | null };

/**
 * By how the bytes begin. GIF and WebP may hold frames anywhere, each with a size of its own: they are read
 * whole.
 */
const formats: Format[] = [
  { mediaTypes: ['image/png', 'image/apng'], headBytes: pngHeadBytes, sizeOf: pngSize },
  { mediaTypes: ['image/jpeg', 'image/jpg'], headBytes: jpegHeadBytes, sizeOf: jpegSize },
  { mediaTypes: ['image/gif'], headBytes: Number.POSITIVE_INFINITY, sizeOf: gifSize },
  { mediaTypes: ['image/webp'], headBytes: Number.POSITIVE_INFINITY, sizeOf: webpSize },
];

/**
 * The size of the image in a base64 `data:` URL, read from its own bytes: a PNG, JPEG, GIF or WebP, of what
 * it is said to be. Null when the URL points elsewhere (the gateway never fetches it), when the size is zero,
 * or when it is in doubt.
 */
export function imageSize(url: string): ImageSize | null {
  const comma = url.slice(0, 128).indexOf(',');
  const head = /^data:([^;,]*);base64$/i.exec(url.slice(0, Math.max(comma, 0)));
  const mediaType = head?.[1]?.toLowerCase();
  const format = formats.find(({ mediaTypes }) => mediaTypes.some((known) => known === mediaType));
  if (format === undefined) return null;
  const lettersMax = Math.min(url.length, Math.ceil(format.headBytes / 3) * 4);
  const bytes = Buffer.from(url.slice(comma + 1, comma + 1 + lettersMax), 'base64');
  const size = format.sizeOf(bytes);
  return size !== null && size.width > 0 && size.height > 0 ? size : null;
}
