import type { Sql } from '../platform/postgres/database.ts';
import { readBytes } from './sql/files.ts';

/** A line of a file by its number, from 1; its bytes are null when there are too many. */
export type FileLine = { line: number; bytes: Buffer | null };

/** How far a file has been read. */
export type FileCursor = { readBytes: number; readLines: number };

export type FileSlice = FileCursor & { lines: FileLine[]; isEnd: boolean };

const pieceBytes = 256 * 1024;
const newline = 0x0a;

/**
 * The next lines of a stored file: at most `linesMax`, and no more than about a quarter of a mebibyte but for
 * one line that is longer. A line of more than `lineBytesMax` is returned without its bytes, and ends the
 * reading. Lines of white space alone have their numbers and are left out; they take no place of others.
 * Holds no more in memory than it returns. Throws FileGone.
 */
export async function readFileLines(
  sql: Sql,
  fileId: string,
  from: FileCursor,
  linesMax: number,
  lineBytesMax: number,
): Promise<FileSlice> {
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    if (size > lineBytesMax) return tooLong(from);
    const piece = await readBytes(sql, fileId, from.readBytes + size, pieceBytes);
    if (piece === null) return split(Buffer.concat(pieces, size), from, linesMax, true);
    pieces.push(piece);
    size += piece.length;
    if (piece.includes(newline)) return split(Buffer.concat(pieces, size), from, linesMax, false);
  }
}

/**
 * Reading ends here, since a line that is too long fails its batch: nobody asks where the next one begins.
 */
function tooLong({ readBytes, readLines }: FileCursor): FileSlice {
  const line = readLines + 1;
  return { lines: [{ line, bytes: null }], readBytes, readLines: line, isEnd: true };
}

function split(bytes: Buffer, from: FileCursor, linesMax: number, isEnd: boolean): FileSlice {
  const lines: FileLine[] = [];
  let at = 0;
  let line = from.readLines;
  while (at < bytes.length && lines.length < linesMax) {
    const end = bytes.indexOf(newline, at);
    if (end < 0 && !isEnd) break;
    line += 1;
    const text = bytes.subarray(at, end < 0 ? bytes.length : end);
    at = end < 0 ? bytes.length : end + 1;
    if (!isBlank(text)) lines.push({ line, bytes: text });
  }
  return { lines, readBytes: from.readBytes + at, readLines: line, isEnd: isEnd && at === bytes.length };
}

function isBlank(text: Buffer): boolean {
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
