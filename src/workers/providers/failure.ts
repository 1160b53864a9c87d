import type { Failure, FailureReason } from '../../shared/domain/answer.ts';
import { scrub } from '../../shared/telemetry.ts';
import type { Seen } from './transport.ts';

/** An answer that cannot be what the provider meant to send: truncated, of another type, or without an end. */
export class BrokenAnswer extends Error {}

const retryAfterMsMax = 600_000;
const messageLengthMax = 1000;

/** Codes of Node and undici that say no connection was made, so nothing was sent. */
const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * What an error of an SDK says about its call. Where nothing certain can be said the answer is `cut`: the request may have
 * been executed.
 */
export function toFailure(error: unknown, seen: Seen): Failure {
  const status = statusOf(error, seen);
  const retryAfterMs = readRetryAfter(seen.headers, error, Date.now());
  const message = scrub(messageOf(error)).slice(0, messageLengthMax);
  if (status !== null && status >= 400) {
    return { reason: reasonOfStatus(status, error, retryAfterMs), status, message, retryAfterMs };
  }
  return { reason: reasonWithoutStatus(error, seen), status, message, retryAfterMs: null };
}

function statusOf(error: unknown, seen: Seen): number | null {
  const own = (error as { status?: unknown } | null)?.status;
  return typeof own === 'number' ? own : seen.status;
}

function reasonOfStatus(status: number, error: unknown, retryAfterMs: number | null): FailureReason {
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return isOutOfMoney(error) ? 'exhausted' : 'throttled';
  if (status === 529 || (status === 503 && retryAfterMs !== null)) return 'throttled';
  if (status >= 500 || status === 408 || status === 409 || status === 425) return 'failed';
  return 'rejected';
}

/** OpenAI's code for an empty account, and Anthropic's for a spend limit, both sent with 429. */
const outOfMoney = /insufficient_quota|billing_hard_limit|spend_limit_reached|credit balance is too low/i;

function isOutOfMoney(error: unknown): boolean {
  const { code, type, message, error: body } = (error ?? {}) as Record<string, unknown>;
  return outOfMoney.test([code, type, message, JSON.stringify(body ?? '')].join(' '));
}

function reasonWithoutStatus(error: unknown, seen: Seen): FailureReason {
  const codes = codesOf(error);
  if (seen.status !== null) return 'cut';
  if (codes.some((code) => unreachableCodes.has(code) || /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code))) {
    return 'unreachable';
  }
  return /redirect/i.test(messageOf(error)) ? 'failed' : 'cut';
}

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') codes.push(code);
    if (at instanceof AggregateError) codes.push(...at.errors.flatMap(codesOf));
  }
  return codes;
}

/** The innermost words: SDKs wrap a refused connection as "Connection error." */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = googleMessage(error.message) ?? error.message;
  const codes = codesOf(error);
  return codes.length === 0 ? inner : `${inner} (${[...new Set(codes)].join(', ')})`;
}

/** The Gemini SDK gives the whole JSON body as the message. */
function googleMessage(message: string): string | null {
  const body = parseJson(message) as { error?: { message?: unknown } } | null;
  const inner = body?.error?.message;
  return typeof inner === 'string' ? (googleMessage(inner) ?? inner) : null;
}

function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/**
 * How long a provider asks to be left alone, in ms, at most ten minutes: `retry-after-ms`, `Retry-After` (RFC 9110: seconds
 * or a date), or Gemini's `google.rpc.RetryInfo` in the body. Null when it does not say, or says nonsense.
 */
export function readRetryAfter(headers: Headers | null, error: unknown, nowMs: number): number | null {
  const inMs = headers?.get('retry-after-ms');
  if (inMs != null && /^\d+(\.\d+)?$/.test(inMs.trim())) return clamp(Number(inMs));
  const after = headers?.get('retry-after')?.trim();
  if (after !== undefined && after !== '') {
    if (/^\d+(\.\d+)?$/.test(after)) return clamp(Number(after) * 1000);
    const date = /^[A-Za-z]/.test(after) ? Date.parse(after) : Number.NaN;
    return Number.isNaN(date) ? null : clamp(date - nowMs);
  }
  const delay = /"retryDelay"\s*:\s*\\*"(\d+(?:\.\d+)?)s\\*"/.exec(
    error instanceof Error ? error.message : '',
  );
  return delay === null ? null : clamp(Number(delay[1]) * 1000);
}

function clamp(waitMs: number): number {
  return Math.min(retryAfterMsMax, Math.max(0, Math.round(waitMs)));
}
