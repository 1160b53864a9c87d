import { isUtf8 } from 'node:buffer';
import { faultOf } from '../formats/common/json-values.ts';
import { membersOf } from '../platform/json/members.ts';

/** More members than this a line does not have. */
const membersMax = 100;
/** A custom_id has at most so many characters, each perhaps written as an escape of six. */
const customIdMax = 512;
const textBytesMax = customIdMax * 6 + 2;

/**
 * The custom_id of a line that is not to be parsed; null when it has none that is one. Nothing else of the
 * line is made a value.
 */
export function findCustomId(bytes: Buffer): string | null {
  let count = 0;
  let found: string | null = null;
  for (const { key, start, end } of membersOf(bytes, 0, bytes.length)) {
    // Of two with one name the last one counts, as in JSON.parse.
    if (key === 'custom_id') found = readText(bytes.subarray(start, end));
    count += 1;
    if (count === membersMax) break;
  }
  return found;
}

function readText(bytes: Buffer): string | null {
  if (bytes.length > textBytesMax || !isUtf8(bytes)) return null;
  try {
    const text: unknown = JSON.parse(bytes.toString('utf8'));
    const isGood =
      typeof text === 'string' && text !== '' && text.length <= customIdMax && faultOf(text) === null;
    return isGood ? text : null;
  } catch {
    return null;
  }
}
