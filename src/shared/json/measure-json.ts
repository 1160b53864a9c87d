import { isKept } from './number-token.ts';

/** How many values a text may hold in all, and one array or object in itself. */
export type JsonLimits = { valuesMax: number; membersMax: number };

/** What one body, or one line of a batch, may hold: work is done for each value, and bytes do not bound their number. */
export const requestLimits: JsonLimits = { valuesMax: 100_000, membersMax: 10_000 };

/** What a scan found. `excess` says where it stopped; all else counts up to there. */
export type JsonMeasure = {
  values: number;
  /** A text holds `\u`. */
  escapes: boolean;
  /** A number would be changed by JSON.parse. */
  changesNumbers: boolean;
  excess: JsonExcess | null;
};

export type JsonExcess = {
  kind: keyof JsonLimits;
  max: number;
  /** Of the array or object that has too many, or of where the count ran out. */
  path: string;
  /** Of the first value too many, from 0. */
  byte: number;
};

/** An array or object that the scan is in. */
type Frame = { isObject: boolean; members: number; keyAt: number; awaitsKey: boolean };

/**
 * Counts the values of a JSON text without making any of them, in one pass over its bytes, and stops at the first value too many. It
 * judges nothing else: of text that is no JSON it counts what looks like values.
 */
export function measureJson(bytes: Uint8Array, limits: JsonLimits): JsonMeasure {
  const scan: Scan = {
    bytes,
    limits,
    at: 0,
    frames: [],
    measure: { values: 1, escapes: false, changesNumbers: false, excess: null },
    begins: false,
  };
  for (; scan.at < bytes.length && scan.measure.excess === null; scan.at += 1) step(scan);
  return scan.measure;
}

type Scan = {
  bytes: Uint8Array;
  limits: JsonLimits;
  at: number;
  frames: Frame[];
  measure: JsonMeasure;
  /** An array or object was just opened: what comes next is its first member, or its end. */
  begins: boolean;
};

const code = (character: string) => character.charCodeAt(0);
const quote = code('"');
const backslash = code('\\');
const comma = code(',');
const colon = code(':');
const openBrace = code('{');
const closeBrace = code('}');
const openBracket = code('[');
const closeBracket = code(']');
const minus = code('-');
const zero = code('0');
const nine = code('9');
const space = code(' ');

function step(scan: Scan): void {
  const byte = scan.bytes[scan.at] as number;
  if (byte <= space || byte === colon) return;
  if (byte === closeBrace || byte === closeBracket) {
    scan.frames.pop();
    scan.begins = false;
    return;
  }
  if (byte === comma || scan.begins) addMember(scan);
  scan.begins = false;
  if (byte === quote) skipText(scan);
  else if (byte === openBrace || byte === openBracket) open(scan, byte === openBrace);
  else if (byte === minus || (byte >= zero && byte <= nine)) skipNumber(scan);
}

function open(scan: Scan, isObject: boolean): void {
  scan.frames.push({ isObject, members: 0, keyAt: -1, awaitsKey: isObject });
  scan.begins = true;
}

function addMember(scan: Scan): void {
  const { measure, limits, frames } = scan;
  const frame = frames.at(-1);
  measure.values += 1;
  if (frame !== undefined) {
    frame.members += 1;
    frame.awaitsKey = frame.isObject;
    if (frame.members > limits.membersMax) exceed(scan, 'membersMax', frames.slice(0, -1));
  }
  if (measure.values > limits.valuesMax && measure.excess === null) exceed(scan, 'valuesMax', frames);
}

function exceed(scan: Scan, kind: keyof JsonLimits, frames: Frame[]): void {
  const path = frames.slice(0, pathStepsMax).map((frame) => stepOf(scan.bytes, frame));
  scan.measure.excess = { kind, max: scan.limits[kind], path: path.join('.'), byte: scan.at };
}

/** A path is told this deep; a key in it, this long. */
const pathStepsMax = 8;
const keyBytesMax = 64;

function stepOf(bytes: Uint8Array, { isObject, members, keyAt }: Frame): string {
  if (!isObject) return String(Math.max(0, members - 1));
  const start = keyAt + 1;
  let end = start;
  while (end < bytes.length && bytes[end] !== quote && end - start < keyBytesMax) end += 1;
  return Buffer.from(bytes.subarray(start, end)).toString('utf8').replaceAll('\uFFFD', '');
}

function skipText(scan: Scan): void {
  const { bytes, frames, measure } = scan;
  const frame = frames.at(-1);
  if (frame?.awaitsKey === true) {
    frame.keyAt = scan.at;
    frame.awaitsKey = false;
  }
  let at = scan.at + 1;
  for (let byte = bytes[at]; byte !== quote && byte !== undefined; byte = bytes[at]) {
    if (byte === backslash) {
      if (bytes[at + 1] === unicodeEscape) measure.escapes = true;
      at += 2;
    } else at += 1;
  }
  scan.at = at;
}

const unicodeEscape = code('u');
const point = code('.');
const plus = code('+');

function isOfNumber(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const isDigit = byte >= zero && byte <= nine;
  return isDigit || byte === point || byte === minus || byte === plus || (byte | 0x20) === code('e');
}

function skipNumber(scan: Scan): void {
  const { bytes, measure } = scan;
  const start = scan.at;
  let end = start + 1;
  while (isOfNumber(bytes[end])) end += 1;
  scan.at = end - 1;
  if (measure.changesNumbers || end - start < digitsNotable) return;
  const token = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  if (!isKept(token)) measure.changesNumbers = true;
}

/** Shorter numbers, `9e999` aside, are kept; `isKept` judges the rest. */
const digitsNotable = 4;
