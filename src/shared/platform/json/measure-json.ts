import { isKept } from './number-token.ts';

/** How many values a text may hold in all, and one array or object in itself. */
export type JsonLimits = { valuesMax: number; membersMax: number };

/**
 * What one body, or one line of a batch, may hold: work is done for each value, and bytes do not bound their
 * number.
 */
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

/**
 * Whether a text of so many bytes is within the limits whatever it holds: a value and what parts it from the
 * next take two bytes at least. Most requests are, and need no scan.
 */
export function isWithinLimits(byteCount: number, { valuesMax, membersMax }: JsonLimits): boolean {
  return byteCount <= 2 * Math.min(valuesMax, membersMax);
}

/** Counts the values of a whole JSON text; see JsonScan. */
export function measureJson(bytes: Uint8Array, limits: JsonLimits): JsonMeasure {
  const scan = new JsonScan(limits);
  scan.add(bytes);
  return scan.end();
}

/** An array or object that the scan is in. */
type Frame = { isObject: boolean; members: number; key: number[]; awaitsKey: boolean };

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
const unicodeEscape = code('u');
const point = code('.');
const plus = code('+');
const smallE = code('e');

/** A path is reported this deep; a key in it, this long. */
const pathStepsMax = 8;
const keyBytesMax = 64;
/** Shorter numbers are kept, whatever they are; much longer ones are taken for changed. */
const digitsNotable = 4;
const digitsMax = 1000;

/**
 * Counts the values of a JSON text while it arrives, without making any of them, in one pass over its bytes,
 * and stops at the first value too many. It looks at nothing else: of text that is no JSON it counts what
 * looks like values.
 */
export class JsonScan {
  readonly #limits: JsonLimits;
  readonly #measure: JsonMeasure = { values: 1, escapes: false, changesNumbers: false, excess: null };
  readonly #frames: Frame[] = [];
  /** An array or object was just opened: what comes next is its first member, or its end. */
  #begins = false;
  #inText = false;
  /** The last byte was a backslash in a text. */
  #escaped = false;
  /** The key that is being read; null in any other text. */
  #key: number[] | null = null;
  /** The number that is being read. */
  #number = '';
  #before = 0;

  constructor(limits: JsonLimits) {
    this.#limits = limits;
  }

  /** The first value too many, or null so far. */
  get excess(): JsonExcess | null {
    return this.#measure.excess;
  }

  /** Looks at the next bytes. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#measure.excess === null; at += 1) {
      if (this.#inText) at = this.#readText(bytes, at);
      else if (this.#number !== '') at = this.#readNumber(bytes, at);
      else this.#step(bytes[at] as number, this.#before + at);
    }
    this.#before += bytes.length;
  }

  /** There are no more bytes: what was found. */
  end(): JsonMeasure {
    this.#endNumber();
    return this.#measure;
  }

  #step(byte: number, offset: number): void {
    if (byte <= space || byte === colon) return;
    if (byte === closeBrace || byte === closeBracket) {
      this.#frames.pop();
      this.#begins = false;
      return;
    }
    if (byte === comma || this.#begins) this.#addMember(offset);
    this.#begins = false;
    if (byte === quote) this.#beginText();
    else if (byte === openBrace || byte === openBracket) this.#open(byte === openBrace);
    else if (byte === minus || (byte >= zero && byte <= nine)) this.#number = String.fromCharCode(byte);
  }

  #open(isObject: boolean): void {
    this.#frames.push({ isObject, members: 0, key: noKey, awaitsKey: isObject });
    this.#begins = true;
  }

  #addMember(offset: number): void {
    const { valuesMax, membersMax } = this.#limits;
    const frame = this.#frames.at(-1);
    this.#measure.values += 1;
    if (frame !== undefined) {
      frame.members += 1;
      frame.awaitsKey = frame.isObject;
    }
    if (frame !== undefined && frame.members > membersMax) {
      this.#exceed('membersMax', offset, this.#frames.slice(0, -1));
    } else if (this.#measure.values > valuesMax) this.#exceed('valuesMax', offset, this.#frames);
  }

  #exceed(kind: keyof JsonLimits, byte: number, frames: Frame[]): void {
    const path = frames.slice(0, pathStepsMax).map(stepOf).join('.');
    this.#measure.excess = { kind, max: this.#limits[kind], path, byte };
  }

  #beginText(): void {
    const frame = this.#frames.at(-1);
    this.#inText = true;
    this.#key = null;
    if (frame?.awaitsKey !== true) return;
    frame.awaitsKey = false;
    frame.key = [];
    this.#key = frame.key;
  }

  /** Reads on in a text; where it stopped: at its last quote, or after the last byte there is. */
  #readText(bytes: Uint8Array, from: number): number {
    const key = this.#key;
    let at = from;
    let escaped = this.#escaped;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (escaped) {
        if (byte === unicodeEscape) this.#measure.escapes = true;
        escaped = false;
      } else if (byte === backslash) escaped = true;
      else if (byte === quote) {
        this.#inText = false;
        break;
      }
      if (key !== null && key.length < keyBytesMax) key.push(byte);
    }
    this.#escaped = escaped;
    return at;
  }

  /** Reads on in a number; where its last digit is. */
  #readNumber(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && isOfNumber(bytes[at] as number)) at += 1;
    if (at > from && this.#number.length < digitsMax) {
      this.#number += Buffer.from(bytes.subarray(from, Math.min(at, from + digitsMax))).toString('latin1');
    }
    if (at < bytes.length) this.#endNumber();
    return at - 1;
  }

  #endNumber(): void {
    const digits = this.#number;
    this.#number = '';
    if (digits.length < digitsNotable || this.#measure.changesNumbers) return;
    this.#measure.changesNumbers = digits.length >= digitsMax || !isKept(digits);
  }
}

/** Of what has none, or none yet; never written to. */
const noKey: number[] = [];

function stepOf({ isObject, members, key }: Frame): string {
  if (!isObject) return String(Math.max(0, members - 1));
  return Buffer.from(key).toString('utf8').replaceAll('\uFFFD', '');
}

function isOfNumber(byte: number): boolean {
  const isDigit = byte >= zero && byte <= nine;
  return isDigit || byte === point || byte === minus || byte === plus || (byte | 0x20) === smallE;
}
