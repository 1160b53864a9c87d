import { isKept } from './number-token.ts';
import { markNumber, unmarkValue } from './verbatim.ts';

/** A long run of digits, or an exponent, where a number may begin: ids in texts are full of both. */
const mayBeChanged = /(?:^|[\s:,[])-?\d(?:[.\d]{15}|[.\d]*[eE])/;

/** Whether a text may hold a number that JSON.parse would change: cheap, and never wrong when it is false. */
export const mayChangeNumbers = (text: string): boolean => mayBeChanged.test(text);

/**
 * JSON.parse that keeps numbers which JavaScript would change (beyond 2^53, more digits than a double has,
 * beyond its range) as they were written; `writeJson` writes them so. Throws SyntaxError as JSON.parse does.
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return mayBeChanged.test(text) ? (readMarked(text) ?? value) : value;
}

/** The same for text in which a scan has found such a number, or none. */
export function readScannedJson(text: string, isChanged: boolean): unknown {
  const value: unknown = JSON.parse(text);
  return isChanged ? (readMarked(text) ?? value) : value;
}

function readMarked(text: string): unknown {
  const marked = markNumbers(text);
  return marked === text ? undefined : unmarkValue(JSON.parse(marked));
}

/** Valid JSON with each number that JSON.parse would change as a marked text. */
function markNumbers(text: string): string {
  if (!mayBeChanged.test(text)) return text;
  let marked = '';
  let copied = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfText(text, at);
    else if (code === minus || (code >= zero && code <= nine)) {
      const end = endOfNumber(text, at);
      const token = text.slice(at, end);
      if (!isKept(token)) {
        marked += `${text.slice(copied, at)}"${markNumber(token)}"`;
        copied = end;
      }
      at = end - 1;
    }
  }
  return copied === 0 ? text : marked + text.slice(copied);
}

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

/** Where the text that begins at `start` has its last quote. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== quote && at < text.length; code = text.charCodeAt(at)) {
    at += code === backslash ? 2 : 1;
  }
  return at;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && /[\d.eE+-]/.test(text.charAt(at))) at += 1;
  return at;
}
