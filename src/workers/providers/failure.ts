import type { Failure, FailureReason, Produced } from '../../shared/chat/call-result.ts';
import type { AnswerHeaders } from './answer-headers.ts';
import type { LimitReached } from './call-limits.ts';
import { findErrorInside, readErrorReport } from './error-report.ts';
import type { Exchange } from './exchange.ts';
import { cleanMessage, failureMessage } from './failure-message.ts';
import { codeOf, reasonOfReport, reasonOfStatus } from './failure-reason.ts';
import { parseJson, readText } from './read-field.ts';
import { ReportedError } from './reported-error.ts';
import { readRetryAfter } from './retry-after.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** What each limit of ours means to whoever reads of it. */
export const limitMessages: Record<LimitReached, string> = {
  headers: 'the provider did not begin to answer in time',
  idle: 'the provider fell silent',
  bytes: 'the answer was larger than allowed',
};

/** What is known of a call that did not complete, besides its exchange. */
export type Ended = {
  /** What the exchange or the assembly threw. */
  error: unknown;
  produced: Produced;
  apiKey: string | null;
};

/**
 * Why a call did not complete, read from the exchange itself: an error status, an error inside an answer with
 * status 200, an answer that nobody can read, else how far the request got.
 */
export function explainFailure(exchange: Exchange, ended: Ended): Failure {
  const { error, apiKey } = ended;
  const { record } = exchange;
  if (record.status !== null && (record.status < 200 || record.status > 299)) {
    return explainStatus(record.status, record.headers, record.errorBody, apiKey);
  }
  if (error instanceof ReportedError) return explainInside(error.body, record.status, ended);
  if (error instanceof UnreadableAnswer) {
    const message = cleanMessage(error.message, apiKey);
    const { reason: unreadable } = error;
    return { reason: 'failed', status: record.status, code: null, unreadable, message, retryAfterMs: null };
  }
  const limit = exchange.limitReached();
  const text = limit === null ? describeError(error) : limitMessages[limit];
  return {
    reason: reasonOf(exchange),
    status: record.status,
    code: null,
    message: cleanMessage(text, apiKey),
    retryAfterMs: null,
  };
}

function reasonOf({ record }: Exchange): FailureReason {
  // The request could not be written: a mistake of ours, and certainly not a broken connection.
  if (!record.asked) return 'failed';
  return record.status === null && !record.sent ? 'unreachable' : 'cut';
}

/** An error that comes after some of the answer is no refusal: the provider has worked. */
function explainInside(body: unknown, status: number | null, { produced, apiKey }: Ended): Failure {
  const report = findErrorInside(body) ?? readErrorReport(body);
  const hasBegun = produced.text !== '' || produced.usage !== null;
  return {
    reason: hasBegun ? 'failed' : reasonOfReport(report),
    status: report.status ?? status,
    code: codeOf(report),
    message: cleanMessage(report.message?.trim() || 'the provider gave no reason', apiKey),
    retryAfterMs: readRetryAfter(null, body),
  };
}

function explainStatus(
  status: number,
  headers: AnswerHeaders | null,
  errorBody: string,
  apiKey: string | null,
): Failure {
  const body = parseJson(errorBody);
  const report = readErrorReport(body);
  const retryAfterMs = readRetryAfter(headers, body);
  const hasRetryAfter = retryAfterMs !== null || (headers?.get('retry-after') ?? null) !== null;
  return {
    reason: reasonOfStatus(status, hasRetryAfter, report),
    status,
    code: codeOf(report),
    message: failureMessage(errorBody, apiKey),
    retryAfterMs,
  };
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

/** The cause beneath says refused, reset or not found. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // These quote the answer itself, which is the caller's and belongs in no error or log.
  if (error instanceof SyntaxError) return 'the answer was not valid JSON';
  const deepest = findCause(error, 0);
  const code = readText(deepest, 'code');
  const known = code === null ? undefined : brokenConnections[code];
  if (known !== undefined) return `${known} (${code})`;
  return [error.message, deepest === error ? null : deepest.message, code].filter(Boolean).join(': ');
}

function findCause(error: Error, depth: number): Error {
  return error.cause instanceof Error && depth < 5 ? findCause(error.cause, depth + 1) : error;
}
