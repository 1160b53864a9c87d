import type { AnswerHeaders } from './answer-headers.ts';
import { isRecord, readList, readText } from './read-field.ts';

const longestMs = 24 * 3_600_000;

/**
 * How long a provider asks us to wait, in ms (0 to a day): header `retry-after-ms`, else `Retry-After` in
 * seconds or as an HTTP date (RFC 9110 10.2.3), else Gemini's `google.rpc.RetryInfo` in the error body. Null
 * when absent or nonsense.
 */
export function readRetryAfter(headers: AnswerHeaders | null, errorBody: unknown): number | null {
  return (
    fromNumber(headers?.get('retry-after-ms'), 1) ??
    fromNumber(headers?.get('retry-after'), 1000) ??
    fromDate(headers?.get('retry-after')) ??
    fromRetryInfo(errorBody)
  );
}

function fromNumber(text: string | null | undefined, unitMs: number): number | null {
  if (text === null || text === undefined || !/^\d+(\.\d+)?$/.test(text.trim())) return null;
  return Math.min(Math.ceil(Number(text) * unitMs), longestMs);
}

function fromDate(text: string | null | undefined): number | null {
  // Date.parse reads nearly anything ("-1" is a year), so only what has the shape of an HTTP date is given to
  // it.
  if (text === null || text === undefined || !/^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.min(Math.max(at - Date.now(), 0), longestMs);
}

/** `{"error":{"details":[{"@type":"…/google.rpc.RetryInfo","retryDelay":"12.5s"}]}}` */
function fromRetryInfo(errorBody: unknown): number | null {
  const info = readList(errorBody, 'error', 'details').find(
    (detail) => isRecord(detail) && String(detail['@type']).endsWith('google.rpc.RetryInfo'),
  );
  return fromNumber(readText(info, 'retryDelay')?.replace(/s$/, ''), 1000);
}
