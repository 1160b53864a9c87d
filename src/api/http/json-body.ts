import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { toUSVString } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/domain/errors.ts';

/** Nothing a client means is deeper; deeper values overflow the stacks of what reads them later. */
const depthMax = 64;
const loneSurrogate = /\p{Surrogate}/u;

/** SHA-256 of an empty body. */
export const emptySha256 = createHash('sha256').digest('hex');

/**
 * Reads a JSON body and keeps its hash on the request. Refuses, with 400 and the path of the field, what could not be
 * stored and returned byte for byte: text that is not UTF-8, NUL, lone surrogates; and keys that could reach a prototype.
 * An empty body is no body.
 */
export function readJsonBody(request: FastifyRequest, bytes: Buffer): unknown {
  request.bodySha256 = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new Refusal('invalid_json', 'The body is not valid UTF-8');
  return parseJson(bytes.toString('utf8').replace(/^\uFEFF/, ''));
}

/** Parses JSON text under the same rules; throws Refusal `invalid_json`. */
function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Refusal('invalid_json', `The body is not valid JSON: ${toPlace(error, text)}`, {}, error);
  }
  // In valid UTF-8 only an escape can make a NUL or half a surrogate pair, so most bodies need no look at their strings.
  checkValue(value, [], text.includes('\\u'));
  return value;
}

/** Where the parser stopped, without quoting the body. */
function toPlace(error: unknown, text: string): string {
  const [place, position] =
    /position (\d+)(?: \(line \d+ column \d+\))?/.exec((error as Error).message) ?? [];
  const early = place === undefined || Number(position) >= text.length;
  return early ? 'it ends too early' : `unexpected text at ${place}`;
}

function checkValue(value: unknown, path: (string | number)[], escapes: boolean): void {
  if (typeof value === 'string') {
    if (escapes) checkText(value, path);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (path.length >= depthMax) {
    throw refuse(path.slice(0, 8), `is nested more than ${depthMax} levels deep`);
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) checkItem(value[index], index, path, escapes);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    checkKey(key, item, path, escapes);
    checkItem(item, key, path, escapes);
  }
}

function checkItem(item: unknown, key: string | number, path: (string | number)[], escapes: boolean): void {
  path.push(key);
  checkValue(item, path, escapes);
  path.pop();
}

function checkKey(key: string, item: unknown, path: (string | number)[], escapes: boolean): void {
  if (escapes) checkText(key, path, 'has a key that');
  const reachesPrototype =
    key === '__proto__' ||
    (key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype'));
  if (reachesPrototype) throw refuse([...path, key], 'is a name that may not be used');
}

function checkText(text: string, path: (string | number)[], subject = ''): void {
  const fault = faultOf(text);
  if (fault !== null) throw refuse(path, `${subject === '' ? '' : `${subject} `}holds ${fault}`);
}

/** What makes a text unfit to be stored, or null. */
export function faultOf(text: string): string | null {
  if (text.includes('\0')) return 'a NUL character (\\u0000), which cannot be stored; remove it';
  if (loneSurrogate.test(text)) return 'half of a surrogate pair, which is not a character; remove it';
  return null;
}

function refuse(path: (string | number)[], problem: string): Refusal {
  const param = toUSVString(path.join('.')).replaceAll('\0', '\uFFFD');
  const where = param === '' ? 'The body' : param;
  return new Refusal('invalid_json', `${where} ${problem}`, { param });
}
