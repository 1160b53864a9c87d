import { isUtf8 } from 'node:buffer';
import { Refusal } from '../../errors.ts';
import {
  isWithinLimits,
  type JsonExcess,
  type JsonLimits,
  measureJson,
  requestLimits,
} from '../../platform/json/measure-json.ts';
import { mayChangeNumbers, readScannedJson } from '../../platform/json/read-json.ts';
import { checkValue } from './json-values.ts';

/**
 * Reads JSON that a client wrote. Refuses, with 413 and before any value is made, what holds more values than
 * work is done for; with 400 and the path of the field what could not be stored and returned byte for byte:
 * text that is not UTF-8, NUL, lone surrogates, keys that could reach a prototype. Numbers with more digits
 * than JavaScript holds stay as they were written.
 */
export function readClientJson(bytes: Buffer, limits: JsonLimits = requestLimits): unknown {
  if (!isUtf8(bytes)) throw new Refusal('invalid_json', 'The body is not valid UTF-8');
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const { excess, escapes, changesNumbers } = isWithinLimits(bytes.length, limits)
    ? { excess: null, escapes: text.includes('\\u'), changesNumbers: mayChangeNumbers(text) }
    : measureJson(bytes, limits);
  if (excess !== null) throw tooManyValues(excess, 'The body');
  let value: unknown;
  try {
    value = readScannedJson(text, changesNumbers);
  } catch (error) {
    throw new Refusal('invalid_json', `The body is not valid JSON: ${toLocation(error, text)}`, {}, error);
  }
  // In valid UTF-8 only an escape can make a NUL or half a surrogate pair, so most bodies need no look at
  // their strings.
  checkValue(value, [], escapes);
  return value;
}

/**
 * The refusal of a JSON text that holds too much: which bound, where, and what to do. `what` is the whole, as
 * its sender calls it.
 */
export function tooManyValues({ kind, max, path, byte }: JsonExcess, what: string): Refusal {
  const at = `at byte ${byte}`;
  const bound = max.toLocaleString('en-US');
  const location = path === '' ? what : path;
  const message =
    kind === 'membersMax'
      ? `${location} has more than ${bound} members (${at}); send at most ${bound}, or split the request`
      : `${what} holds more than ${bound} JSON values (${path === '' ? at : `${at}, in ${path}`}); ` +
        'send fewer, or split the request';
  return new Refusal('too_large', message, { param: path });
}

/** Where the parser stopped, without quoting the body. */
function toLocation(error: unknown, text: string): string {
  const [location, position] =
    /position (\d+)(?: \(line \d+ column \d+\))?/.exec((error as Error).message) ?? [];
  const early = location === undefined || Number(position) >= text.length;
  return early ? 'it ends too early' : `unexpected text at ${location}`;
}
