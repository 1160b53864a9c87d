import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { readClientJson } from '../../shared/requests/client-json.ts';

/** SHA-256 of an empty body. */
export const emptySha256 = hash('sha256', '');

/** Reads a JSON body and keeps its hash on the request. An empty body is no body. Throws a Refusal. */
export function readJsonBody(request: FastifyRequest, bytes: Buffer): unknown {
  request.bodySha256 = hash('sha256', bytes);
  return bytes.length === 0 ? undefined : readClientJson(bytes);
}
