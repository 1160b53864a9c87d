import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/domain/errors.ts';
import { checkValue } from '../../shared/requests/json-values.ts';

/** SHA-256 of an empty body. */
export const emptySha256 = hash('sha256', '');

/**
 * Reads a JSON body and keeps its hash on the request. Refuses, with 400 and the path of the field, what could not be
 * stored and returned byte for byte: text that is not UTF-8, NUL, lone surrogates; and keys that could reach a prototype.
 * An empty body is no body.
 */
export function readJsonBody(request: FastifyRequest, bytes: Buffer): unknown {
  request.bodySha256 = hash('sha256', bytes);
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
