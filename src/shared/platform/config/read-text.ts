import { readFileSync } from 'node:fs';

/**
 * The text of a file that somebody wrote for us, whatever editor it was written with: a byte order mark is no
 * part of it, and UTF-16, as some editors save, is read as such. Throws what reading the file throws.
 */
export function readText(path: string): string {
  const bytes = readFileSync(path);
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (first === 0xfe && second === 0xff) {
    // Bytes are swapped in pairs; an odd one at the end is no character.
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString('utf16le');
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** The one line of a file that holds a secret: without the line end and the spaces around it. */
export function readLine(path: string): string {
  return readText(path).trim();
}
