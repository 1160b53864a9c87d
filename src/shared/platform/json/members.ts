/**
 * Where a member of an array or object is in the bytes; its key as it is written between its quotes, null in
 * an array.
 */
export type Member = { key: string | null; start: number; end: number };

const code = (character: string) => character.charCodeAt(0);
const quote = code('"');
const backslash = code('\\');
const comma = code(',');
const colon = code(':');
const space = code(' ');

/**
 * Finds the members of the array or object that the bytes from `start` to `end` are, without making any
 * value. Of bytes that are no JSON it finds what looks like members: whoever needs them to be JSON parses
 * each, and what is around them.
 */
export function* membersOf(bytes: Buffer, start: number, end: number): Generator<Member> {
  let at = skipSpace(bytes, start, end) + 1;
  while (at < end) {
    let valueAt = skipSpace(bytes, at, end);
    const keyEnd = bytes[valueAt] === quote ? endOfText(bytes, valueAt, end) : -1;
    const afterKey = keyEnd === -1 ? -1 : skipSpace(bytes, keyEnd, end);
    const hasKey = afterKey !== -1 && bytes[afterKey] === colon;
    const key = hasKey ? bytes.toString('utf8', valueAt + 1, keyEnd - 1) : null;
    if (hasKey) valueAt = skipSpace(bytes, afterKey + 1, end);
    const valueEnd = endOfValue(bytes, valueAt, end);
    if (valueEnd > valueAt) yield { key, start: valueAt, end: valueEnd };
    at = valueEnd + 1;
  }
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] as number) <= space) at += 1;
  return at;
}

/** After the closing quote. */
function endOfText(bytes: Buffer, start: number, end: number): number {
  let at = start + 1;
  while (at < end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return Math.min(at + 1, end);
}

/** At the comma or the bracket after it. */
function endOfValue(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      at = endOfText(bytes, at, end);
      continue;
    }
    const isOpening = byte === code('{') || byte === code('[');
    const isClosing = byte === code('}') || byte === code(']');
    if (depth === 0 && (isClosing || byte === comma)) break;
    if (isOpening) depth += 1;
    if (isClosing) depth -= 1;
    at += 1;
  }
  return at;
}
