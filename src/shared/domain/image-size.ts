/** Width and height in pixels. */
export type ImageSize = { width: number; height: number };

/** A JPEG's size may stand behind its metadata; further in than this we do not look. */
const headBytesMax = 256 * 1024;

function jpegSize(bytes: Buffer): ImageSize | null {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

function webpSize(bytes: Buffer): ImageSize | null {
  const format = bytes.toString('latin1', 12, 16);
  if (format === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (format === 'VP8 ') {
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  }
  if (format !== 'VP8L') return null;
  const packed = bytes.readUInt32LE(21);
  return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
}

function sizeFromHead(bytes: Buffer): ImageSize | null {
  if (bytes.length < 30) return null;
  const magic = bytes.toString('latin1', 0, 12);
  if (magic.startsWith('\x89PNG')) return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (magic.startsWith('GIF8')) return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  if (magic.startsWith('\xff\xd8')) return jpegSize(bytes);
  return magic.startsWith('RIFF') && magic.endsWith('WEBP') ? webpSize(bytes) : null;
}

/**
 * The size of the image in a base64 `data:` URL, from the header of a PNG, JPEG, GIF or WebP. Null when the URL points
 * elsewhere (the gateway never fetches it), when the header says nothing, or when the size is zero.
 */
export function imageSize(url: string): ImageSize | null {
  const comma = url.slice(0, 128).indexOf(',');
  if (!/^data:[^,]*;base64$/i.test(url.slice(0, Math.max(comma, 0)))) return null;
  const head = Buffer.from(url.slice(comma + 1, comma + 1 + Math.ceil(headBytesMax / 3) * 4), 'base64');
  const size = sizeFromHead(head);
  return size !== null && size.width > 0 && size.height > 0 ? size : null;
}
