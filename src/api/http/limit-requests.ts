import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { createRateLimit, rateLimitHeaders } from './rate-limit.ts';

/**
 * Holds every account to its requests per minute (its own limit, else the installation's; 0 is none) and
 * tells it on every answer where it stands. Counted in this process, so that no other server is in the way of
 * a request.
 */
export function createRequestLimit(settings: { requestsPerMinute: number }) {
  const limit = createRateLimit();
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (request.account === null) return;
    const perMinute = request.account.requestsPerMinute ?? settings.requestsPerMinute;
    if (perMinute === 0) return;
    const allowance = limit.take(request.account.id, perMinute);
    reply.headers(rateLimitHeaders(allowance));
    if (allowance.allowed) return;
    throw new Refusal('rate_limited', `This account may send ${perMinute} requests a minute; slow down`, {
      retryAfterMs: allowance.retryAfterMs,
      fields: { quota: 'requests_per_minute', limit: String(perMinute) },
    });
  };
}
