import { z } from 'zod';
import type { Scope } from '../http/caller.ts';
import { apiOf } from '../http/vendor-words.ts';
import { anthropicRefusalSchema, refusalSchema } from './schemas/refusal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Statuses that this route refuses with beside those of every route like it. */
    refuses?: readonly number[];
  }
}

/** What a status of a refusal means, for the document. */
const meanings: Record<number, string> = {
  400: 'The request could not be read, or its provider rejected it',
  401: 'No credential, or one that does not work',
  402: 'The account has less than it would take',
  403: 'The credential may not do this',
  404: 'There is no such object, or it is of another account',
  408: 'The body did not come to its end in time',
  409: 'The state of the object does not allow this, or the Idempotency-Key was used for another request',
  413: 'The body is too large, or holds too many values',
  415: 'The body is of another type than this route reads',
  422: 'A field, a parameter or a header does not fit; `errors` says which',
  429: 'A limit of the account is reached; `retry-after` says when to try again',
  431: 'The headers are larger than 16 KiB',
  500: 'Something went wrong on our side',
  502: 'The provider failed, or nobody saw its answer',
  503: 'The service is busy, shutting down or without its database, or its providers are unavailable',
  504: 'The time of the job was over',
};

export type DescribedRoute = {
  method: string;
  url: string;
  config: { scope?: Scope | 'public'; refuses?: readonly number[] };
};

/** The statuses that a route may refuse with, in ascending order. */
export function refusalStatuses({ method, url, config }: DescribedRoute): number[] {
  const { scope = 'public', refuses = [] } = config;
  return [
    ...new Set([
      ...[400, 431, 500, 503],
      // Other APIs know what does not fit as 400.
      ...(apiOf({ url, headers: {} }) === 'native' ? [422] : []),
      ...(scope === 'public' ? [] : [401, 403, 429]),
      ...(/[:*]/.test(url) ? [404] : []),
      ...(method === 'GET' ? [] : [408, 413, 415]),
      ...(method === 'POST' ? [409] : []),
      ...refuses,
    ]),
  ].sort((a, b) => a - b);
}

/** The schema of every refusal of a route: that of the SDK whose path it is. */
export function refusalSchemaOf(url: string): z.ZodType {
  if (url.startsWith('/v1/messages')) return anthropicRefusalSchema;
  // Both vendors have these paths, and each one's clients are refused in its shape.
  if (/^\/v1\/(?:models|files)/.test(url)) return z.union([refusalSchema, anthropicRefusalSchema]);
  return refusalSchema;
}

/** What a status of a refusal means. */
export function meaningOf(status: number): string {
  return meanings[status] ?? 'A refusal';
}
