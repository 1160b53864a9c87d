import { toUSVString } from 'node:util';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, type RefusalType, refusals, statusOf } from '../../shared/errors.ts';
import {
  isDatabaseTransient,
  isDatabaseUnavailable,
} from '../../shared/platform/postgres/database-errors.ts';
import { type Addressed, type Api, anthropicSentence, apiOf, codesIn, statusIn } from './vendor-words.ts';

/** A client that waits must not be sent away for longer than the SDKs are willing to wait. */
const retryAfterMsMax = 60_000;
const retryAfterMsDefault = 1000;

const anthropicTypes: Record<number, string> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/** The error type Anthropic's SDK knows for an HTTP status. */
export function anthropicTypeOf(status: number): string {
  return anthropicTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

/** Names and values of a client stand in what is wrong with them, and may be megabytes. */
const textMax = 1000;

function brief(text: string): string {
  return text.length <= textMax ? text : `${toUSVString(text.slice(0, textMax))}…`;
}

/** Who is refused: under which request id, and on a path of which API. */
type Refused = Addressed & { id: string };

/** The body of a refusal: flat fields for clients of the native API, `error` for OpenAI's SDKs. */
export function problemBody(refusal: Refusal, request: Refused, api: Api = apiOf(request)) {
  const { param = '', problems, problemsTotal, fields } = refusal.extras;
  const message = brief(refusal.message);
  const errors = problems?.map((one) => ({ param: brief(one.param), message: brief(one.message) }));
  return {
    detail: message,
    code: statusIn(api, refusal, request.url),
    error_type: refusal.type,
    ...fields,
    request_id: request.id,
    ...(errors === undefined ? {} : { errors }),
    ...(problemsTotal === undefined ? {} : { errors_total: problemsTotal }),
    error: {
      message,
      ...codesIn(api, refusal),
      param: param === '' ? null : brief(param),
    },
  };
}

/** The same refusal as Anthropic's SDK expects it. */
export function anthropicProblemBody(refusal: Refusal, { id, url }: Pick<Refused, 'id' | 'url'>) {
  const type = anthropicTypeOf(statusIn('anthropic', refusal, url));
  const details = refusal.extras.problems?.[0]?.details;
  const error = { type, message: brief(anthropicSentence(refusal)), ...(details && { details }) };
  return { type: 'error', error, request_id: id };
}

/** The words of Google's `error.status` (google.rpc.Code) for HTTP statuses. */
const googleStatuses: Record<number, string> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The same refusal as Google's SDKs expect it. */
function googleProblemBody(refusal: Refusal) {
  const code = statusOf(refusal);
  const status = googleStatuses[code] ?? (code >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
  return { error: { code, message: brief(refusal.message), status } };
}

/**
 * The headers that go with a refusal; times are whole seconds and milliseconds from now, at most a minute.
 */
export function problemHeaders(refusal: Refusal): Record<string, string> {
  const retry = refusal.extras.retry ?? refusals[refusal.type].retry;
  const headers: Record<string, string> = { ...refusal.extras.headers };
  if (statusOf(refusal) === 401) headers['www-authenticate'] = 'Bearer';
  if (retry !== null) headers['x-should-retry'] = String(retry);
  const asked = refusal.extras.retryAfterMs ?? (retry === true ? retryAfterMsDefault : undefined);
  if (asked !== undefined) {
    const waitMs = Math.min(Math.max(Math.ceil(asked), 1), retryAfterMsMax);
    headers['retry-after'] = String(Math.ceil(waitMs / 1000));
    headers['retry-after-ms'] = String(waitMs);
  }
  return headers;
}

/**
 * Any error as the refusal the client gets. What we did not foresee is an internal error and says nothing of
 * itself.
 */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? frameworkRefusals[code] : undefined;
  if (known !== undefined) return new Refusal(known[0], known[1], {}, error);
  if (isBrokenOff(error)) return new Refusal('invalid_json', 'The body broke off', {}, error);
  if (isDatabaseUnavailable(error)) {
    return new Refusal('unavailable', 'The service cannot reach its database; try again shortly', {}, error);
  }
  if (isDatabaseTransient(error)) {
    return new Refusal('unavailable', 'The service is busy with the same object; try again', {}, error);
  }
  if (statusCode === 404) return new Refusal('not_found', 'No such object', {}, error);
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new Refusal('invalid_json', 'The request could not be read', {}, error);
  }
  return new Refusal('internal_error', 'Something went wrong on our side', {}, error);
}

/**
 * What Node says of a request whose client went away while sending; the database's own resets read otherwise.
 */
function isBrokenOff(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === 'ECONNRESET' && message === 'aborted';
}

const frameworkRefusals: Record<string, [RefusalType, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', 'The body is larger than this server takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'The body must be JSON; send "content-type: application/json"',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_json', 'The body is not as long as its content-length says'],
  FST_ERR_BAD_URL: ['not_found', 'No such route: the path is not valid percent-encoding'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'No such object'],
};

/** Answers with a refusal in the shape its client reads. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const api = apiOf(request);
  const status = statusIn(api, refusal, request.url);
  reply.status(status).headers(problemHeaders(refusal)).type('application/json');
  // A limit that is not of requests a minute: nothing is left of it until one may try again.
  const retryAfter = reply.getHeader('retry-after');
  if (statusOf(refusal) === 429 && retryAfter !== undefined && !reply.hasHeader('ratelimit-limit')) {
    const seconds = String(retryAfter);
    const fields = { 'ratelimit-remaining': '0', 'ratelimit-reset': seconds };
    reply.headers({ ratelimit: `"jobs";r=0;t=${seconds}`, ...fields });
  }
  // Again, for what was refused before any hook ran.
  reply.header('x-request-id', request.id);
  if (refusal.type === 'authentication_error' && request.routeOptions.config.basic === true) {
    reply.header('www-authenticate', 'Basic realm="gateway operator", charset="UTF-8"');
  }
  if (api === 'google') return reply.send(JSON.stringify(googleProblemBody(refusal)));
  if (api !== 'anthropic') return reply.send(JSON.stringify(problemBody(refusal, request, api)));
  reply.header('request-id', request.id);
  return reply.send(JSON.stringify(anthropicProblemBody(refusal, request)));
}

/** Fastify's error handler: every error becomes a refusal; bugs and outages are logged with their cause. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = toRefusal(error);
  const cause = error instanceof Refusal ? error.cause : error;
  if (refusal.type === 'internal_error') request.log.error({ error: cause ?? error }, 'request failed');
  else if (statusOf(refusal) >= 500 && cause !== undefined) {
    request.log.warn({ error: cause }, 'request refused');
  }
  return sendRefusal(request, reply, refusal);
}
