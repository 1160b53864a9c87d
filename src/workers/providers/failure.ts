import type { Failure, FailureReason } from '../../shared/chat/call-result.ts';
import type { LimitReached } from './call-limits.ts';
import { cleanMessage, failureMessage } from './failure-message.ts';
import { isRecord, parseJson, readField, readList, readText } from './read-field.ts';
import { readRetryAfter } from './retry-after.ts';
import type { Exchange } from './transport.ts';

/** Codes by which a provider says that its own account, not this request, is the problem. */
const exhaustedCodes = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
]);
const authCodes = new Set(['API_KEY_INVALID', 'API_KEY_EXPIRED', 'invalid_api_key', 'authentication_error']);

/** What each limit of ours means to whoever reads of it. */
export const limitMessages: Record<LimitReached, string> = {
  headers: 'the provider did not begin to answer in time',
  idle: 'the provider fell silent',
  bytes: 'the answer was larger than allowed',
};

/**
 * Why a call did not complete, read from the exchange itself: an error status, else how far the request got.
 * `error` is what the SDK or the assembly threw; `fromStream` says that the provider reported it inside a
 * stream.
 */
export function explainFailure(
  exchange: Exchange,
  error: unknown,
  apiKey: string | null,
  fromStream: boolean,
): Failure {
  const { record } = exchange;
  if (record.status !== null && (record.status < 200 || record.status > 299)) {
    return explainStatus(record.status, record.headers, record.errorBody, apiKey);
  }
  const limit = exchange.limitReached();
  const text = limit === null ? describeError(error) : limitMessages[limit];
  return {
    reason: reasonOf(exchange, fromStream),
    status: record.status,
    message: cleanMessage(text, apiKey),
    retryAfterMs: fromStream ? readRetryAfter(null, readField(error, 'error')) : null,
  };
}

function reasonOf({ record }: Exchange, fromStream: boolean): FailureReason {
  // The SDK refused to send at all: a mistake of ours, and certainly not a broken connection.
  if (!record.asked) return 'failed';
  if (record.status === null) return record.sent ? 'cut' : 'unreachable';
  return fromStream ? 'failed' : 'cut';
}

function explainStatus(
  status: number,
  headers: Headers | null,
  errorBody: string,
  apiKey: string | null,
): Failure {
  const body = parseJson(errorBody);
  const retryAfterMs = readRetryAfter(headers, body);
  const hasRetryAfter = headers?.has('retry-after') === true || retryAfterMs !== null;
  return {
    reason: reasonOfStatus(status, hasRetryAfter, body),
    status,
    message: failureMessage(errorBody, apiKey),
    retryAfterMs,
  };
}

function reasonOfStatus(status: number, hasRetryAfter: boolean, body: unknown): FailureReason {
  const codes = readCodes(body);
  if (isExhausted(status, codes, body)) return 'exhausted';
  if (status === 401 || status === 403) return 'auth';
  // Gemini answers a bad key with 400.
  if (status === 400 && codes.some((code) => authCodes.has(code))) return 'auth';
  if ([400, 404, 413, 422].includes(status)) return 'rejected';
  if (status === 429 || status === 529 || (status === 503 && hasRetryAfter)) return 'throttled';
  return 'failed';
}

function isExhausted(status: number, codes: string[], body: unknown): boolean {
  if (status === 402) return true;
  // Anthropic before API version 2026-10-21 says so only in words.
  if (status === 400 && /credit balance is too low/i.test(readText(body, 'error', 'message') ?? ''))
    return true;
  return (
    (status === 429 || status === 403 || status === 400) && codes.some((code) => exhaustedCodes.has(code))
  );
}

/**
 * Every code an error body carries: `error.{type,code,status}` and the same in its `details` (one object or a
 * list).
 */
function readCodes(body: unknown): string[] {
  const details = readField(body, 'error', 'details');
  const candidates = [
    readField(body, 'error'),
    ...(isRecord(details) ? [details] : readList(body, 'error', 'details')),
  ];
  const names = ['type', 'code', 'status', 'reason', 'error_code', 'errorCode'];
  return candidates.flatMap((candidate) =>
    names.map((name) => readText(candidate, name)).filter((code) => code !== null),
  );
}

/** What a code of the system or of undici means to whoever reads of it. */
const brokenConnections: Record<string, string> = {
  ECONNREFUSED: 'the provider refused the connection',
  ECONNRESET: 'the provider reset the connection',
  ENOTFOUND: 'the host of the provider was not found',
  EPIPE: 'the provider closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'the provider could not be connected to in time',
  UND_ERR_SOCKET: 'the provider closed the connection',
};

/** `fetch failed` alone helps nobody: the cause beneath says refused, reset or not found. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // These quote the answer itself, which is the caller's and belongs in no error or log.
  if (error instanceof SyntaxError || error.message.startsWith('exception parsing')) {
    return 'the answer was not valid JSON';
  }
  const deepest = findCause(error, 0);
  const code = readText(deepest, 'code');
  const known = code === null ? undefined : brokenConnections[code];
  if (known !== undefined) return `${known} (${code})`;
  return [error.message, deepest === error ? null : deepest.message, code].filter(Boolean).join(': ');
}

function findCause(error: Error, depth: number): Error {
  return error.cause instanceof Error && depth < 5 ? findCause(error.cause, depth + 1) : error;
}
