import { describe, expect, test } from 'vitest';
import { imageSize } from '../../../src/shared/quoting/image-size.ts';

type Piece = number[] | string | Buffer;

const join = (...pieces: Piece[]): Buffer =>
  Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : Buffer.from(piece))),
  );
const dataUrl = (type: string, bytes: Buffer) => `data:image/${type};base64,${bytes.toString('base64')}`;
const u16le = (n: number) => [n & 255, n >> 8];
const u16be = (n: number) => [n >> 8, n & 255];
const u24le = (n: number) => [n & 255, (n >> 8) & 255, n >> 16];
const u32be = (n: number) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
const u32le = (n: number) => u32be(n).reverse();

const pngChunk = (kind: string, body: Buffer) => join(u32be(body.length), kind, body, [0, 0, 0, 0]);
const ihdr = (width: number, height: number) =>
  pngChunk('IHDR', join(u32be(width), u32be(height), [8, 2, 0, 0, 0]));
const png = (...chunks: Buffer[]) => join('\x89PNG\r\n\x1a\n', ...chunks, pngChunk('IEND', Buffer.alloc(0)));

const gif = (screen: [number, number], ...blocks: Buffer[]) =>
  join('GIF89a', u16le(screen[0]), u16le(screen[1]), [0, 0, 0], ...blocks, [0x3b]);
const gifFrame = (left: number, top: number, width: number, height: number) =>
  join([0x2c], u16le(left), u16le(top), u16le(width), u16le(height), [0, 2, 2, 0x4c, 1, 0]);
const gifComment = join([0x21, 0xfe, 3], 'abc', [0]);

const segment = (marker: number, body: Buffer) => join([0xff, marker], u16be(body.length + 2), body);
const frame = (width: number, height: number, marker = 0xc0) =>
  segment(marker, join([8], u16be(height), u16be(width), [1, 1, 0x11, 0]));
const jpeg = (...segments: Buffer[]) => join([0xff, 0xd8], ...segments, [0xff, 0xd9]);
const app0 = segment(0xe0, Buffer.from('JFIF'));

const riffChunk = (kind: string, body: Buffer) =>
  join(kind, u32le(body.length), body, body.length % 2 === 1 ? [0] : []);
const webp = (...chunks: Buffer[]) => {
  const body = join('WEBP', ...chunks);
  return join('RIFF', u32le(body.length), body);
};
const canvas = (width: number, height: number) =>
  riffChunk('VP8X', join([0, 0, 0, 0], u24le(width - 1), u24le(height - 1)));
const lossy = (width: number, height: number) =>
  riffChunk('VP8 ', join([0x10, 0, 0, 0x9d, 1, 0x2a], u16le(width), u16le(height), [0]));
const lossless = (width: number, height: number) =>
  riffChunk('VP8L', join([0x2f], u32le((width - 1) | ((height - 1) << 14)), [0]));
const animated = (width: number, height: number, inner: Buffer) =>
  riffChunk('ANMF', join(u24le(0), u24le(0), u24le(width - 1), u24le(height - 1), u24le(100), [0], inner));

describe('the size of an image is that of', () => {
  test.each([
    ['a PNG', 'png', png(ihdr(800, 600))],
    ['a GIF of one frame', 'gif', gif([800, 600], gifFrame(0, 0, 800, 600))],
    ['a GIF whose frame is larger than its screen', 'gif', gif([1, 1], gifComment, gifFrame(0, 0, 800, 600))],
    ['the largest frame of a GIF', 'gif', gif([9, 9], gifFrame(0, 0, 800, 9), gifFrame(0, 100, 9, 500))],
    ['a JPEG, behind its metadata', 'jpeg', jpeg(app0, frame(800, 600))],
    ['a progressive JPEG with filling', 'jpeg', jpeg(app0, Buffer.from([0xff, 0xff]), frame(800, 600, 0xc2))],
    ['a lossy WebP', 'webp', webp(lossy(800, 600))],
    ['a lossless WebP', 'webp', webp(lossless(800, 600))],
    [
      'an extended WebP',
      'webp',
      webp(canvas(800, 600), riffChunk('ALPH', Buffer.from('a')), lossy(800, 600)),
    ],
    ['a WebP whose frame is larger than its canvas', 'webp', webp(canvas(1, 1), lossy(800, 600))],
    ['a WebP whose canvas is larger than its frame', 'webp', webp(canvas(800, 600), lossless(1, 1))],
    [
      'an animated WebP',
      'webp',
      webp(canvas(1, 1), animated(800, 1, lossy(1, 1)), animated(1, 1, lossless(2, 600))),
    ],
  ])('%s', (_what, type, bytes) => {
    expect(imageSize(dataUrl(type, bytes))).toEqual({ width: 800, height: 600 });
  });
});

describe('the size of an image is unknown, and the model’s dearest is reserved, for', () => {
  const text = pngChunk('tEXt', join('a\0b'));
  test.each([
    ['a PNG with a chunk before its header', dataUrl('png', png(text, ihdr(1, 1), ihdr(3000, 3000)))],
    ['a PNG with another signature', dataUrl('png', join('\x89PNG\n\n\n\n', ihdr(1, 1)))],
    ['a PNG whose header is too long', dataUrl('png', png(pngChunk('IHDR', Buffer.alloc(14, 1))))],
    ['a GIF without a frame', dataUrl('gif', gif([1, 1]))],
    ['a GIF that does not end', dataUrl('gif', gif([1, 1], gifFrame(0, 0, 1, 1)).subarray(0, -1))],
    ['a GIF with something that is no block', dataUrl('gif', gif([1, 1], gifFrame(0, 0, 1, 1), join([7])))],
    [
      'a JPEG with a stand-alone marker before its frame',
      dataUrl('jpeg', jpeg(join([0xff, 1]), frame(1, 1))),
    ],
    ['a JPEG with bytes between its segments', dataUrl('jpeg', jpeg(app0, join([0]), frame(1, 1)))],
    [
      'a JPEG whose scan comes before its frame',
      dataUrl('jpeg', jpeg(segment(0xda, join([1])), frame(1, 1))),
    ],
    ['a JPEG frame of another length', dataUrl('jpeg', jpeg(segment(0xc0, Buffer.alloc(30, 1))))],
    ['a JPEG without a frame', dataUrl('jpeg', jpeg(app0))],
    [
      'a WebP that is only a canvas with a broken frame',
      dataUrl('webp', webp(canvas(1, 1), riffChunk('VP8 ', Buffer.alloc(12)))),
    ],
    ['a WebP whose chunk is longer than the file', dataUrl('webp', webp(lossy(1, 1)).subarray(0, -4))],
    ['a GIF that is said to be a PNG', dataUrl('png', gif([1, 1], gifFrame(0, 0, 1, 1)))],
    ['a PNG that is said to be a JPEG', dataUrl('jpeg', png(ihdr(1, 1)))],
    ['a PNG that is said to be a HEIC', dataUrl('heic', png(ihdr(1, 1)))],
    ['a size of zero', dataUrl('png', png(ihdr(0, 600)))],
    ['a truncated file', 'data:image/png;base64,iVBORw0KGgo='],
    ['an unknown format', dataUrl('tiff', join('II*\0', Buffer.alloc(60)))],
    ['a URL, which is never fetched', 'https://example.com/a.png'],
  ])('%s', (_what, url) => {
    expect(imageSize(url)).toBeNull();
  });
});
