import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { invalid } from '../../shared/errors.ts';

/** What makes two requests the same: method, path and raw body, as SHA-256 in hex. */
export function fingerprintOf(request: FastifyRequest): string {
  return hash('sha256', `${request.method} ${request.url}\n${request.bodySha256}`);
}

/**
 * The caller's Idempotency-Key, or null when there is none; 422 when it is not 1–255 printable ASCII
 * characters.
 */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw invalid([{ param: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }]);
}

/**
 * Whether a client says that it asks once more for what it asked a moment ago, as the official SDKs do when a
 * connection broke.
 */
export function isSdkRetry(request: FastifyRequest): boolean {
  return Number(request.headers['x-stainless-retry-count'] ?? 0) >= 1;
}
