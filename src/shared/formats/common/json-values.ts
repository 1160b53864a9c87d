import { toUSVString } from 'node:util';
import { Refusal } from '../../errors.ts';

/** Nothing a client means is deeper; deeper values overflow the stacks of what reads them later. */
const depthMax = 64;
const loneSurrogate = /\p{Surrogate}/u;

/**
 * Refuses, with `invalid_json` and the path of the field, what could not be stored and returned byte for byte
 * (NUL, lone surrogates), what is nested too deeply, and keys that could reach a prototype. `escapes`:
 * whether the text held `\\u`.
 */
export function checkValue(value: unknown, path: (string | number)[], escapes: boolean): void {
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
