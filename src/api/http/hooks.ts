import { setMaxListeners } from 'node:events';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalid, notFound, Refusal } from '../../shared/errors.ts';
import { faultOf } from '../../shared/formats/common/json-values.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';

/** Puts the id on every answer; it is always ours, so that one id finds one request in the log. */
export async function addRequestId(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('x-request-id', request.id);
  if (request.url.startsWith('/v1/messages')) reply.header('request-id', request.id);
}

/** Logs what was asked and how it went: no URL (it may hold a token), no header, no body. Counts it too. */
export function createRequestLog(metrics: Pick<Metrics, 'requestsAnswered' | 'requestDuration'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    metrics.requestsAnswered.inc({ method, route, status });
    metrics.requestDuration.observe({ method, route }, reply.elapsedTime / 1000);
    const duration_ms = Math.round(reply.elapsedTime * 10) / 10;
    const account_id = request.caller?.accountId ?? null;
    const fault = request.credentialFault ?? null;
    const credential = fault === null ? {} : { credential_fault: fault };
    request.log.info({ method, route, status, duration_ms, account_id, ...credential }, 'request answered');
  };
}

/** Refuses characters in the path and the query that nothing stored can hold. */
export async function rejectUnstorableUrl(request: FastifyRequest): Promise<void> {
  for (const value of Object.values((request.params ?? {}) as Record<string, unknown>)) {
    if (typeof value === 'string' && faultOf(value) !== null) throw notFound('object');
  }
  for (const [name, value] of Object.entries((request.query ?? {}) as Record<string, unknown>)) {
    const fault = [name, ...[value].flat()]
      .map((text) => faultOf(String(text)))
      .find((found) => found !== null);
    if (fault !== undefined) {
      throw invalid([{ param: name.replaceAll('\0', '\uFFFD'), message: `holds ${fault}` }]);
    }
  }
}

/**
 * Ends well: while the server closes, connections are asked to close after their answer (else they would be
 * waited for until their keep-alive ends), and nothing new is accepted. The signal aborts when it begins to
 * close.
 */
export function drainOnClose(app: FastifyInstance): AbortSignal {
  const closing = new AbortController();
  // Every request that waits listens to it.
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', async () => closing.abort());
  app.addHook('onRequest', async (request) => {
    if (!closing.signal.aborted || request.method !== 'POST') return;
    throw new Refusal('unavailable', 'This server is shutting down; send the request again');
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    if (closing.signal.aborted) reply.header('connection', 'close');
    return payload;
  });
  return closing.signal;
}
