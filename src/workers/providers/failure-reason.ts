import type { FailureReason } from '../../shared/chat/call-result.ts';
import type { ErrorReport } from './error-report.ts';

/** Codes by which a provider says that its own account, not this request, is the problem. */
const exhaustedCodes = new Set([
  'insufficient_quota',
  'insufficient_balance',
  'insufficient_credits',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
]);
const authCodes = new Set([
  'API_KEY_INVALID',
  'API_KEY_EXPIRED',
  'invalid_api_key',
  'authentication_error',
  'permission_error',
  'UNAUTHENTICATED',
]);

/** Why a call failed that was answered with an error status. */
export function reasonOfStatus(status: number, hasRetryAfter: boolean, report: ErrorReport): FailureReason {
  const { codes } = report;
  if (isExhausted(status, report)) return 'exhausted';
  if (status === 401 || status === 403) return 'auth';
  // Gemini answers a bad key with 400.
  if (status === 400 && codes.some((code) => authCodes.has(code))) return 'auth';
  if ([400, 404, 413, 422].includes(status)) return 'rejected';
  if (status === 429 || status === 529 || (status === 503 && hasRetryAfter)) return 'throttled';
  return 'failed';
}

function isExhausted(status: number, { codes, message }: ErrorReport): boolean {
  if (status === 402) return true;
  // Anthropic before API version 2026-10-21 says so only in words.
  if (status === 400 && /credit balance is too low/i.test(message ?? '')) return true;
  return (
    (status === 429 || status === 403 || status === 400) && codes.some((code) => exhaustedCodes.has(code))
  );
}

const throttleWords = /rate.?limit|too.?many.?requests|overloaded|resource.?exhausted|throttl/i;
const rejectedWords =
  /invalid.?request|invalid.?argument|bad.?request|not.?found|unsupported|content.?policy/i;

/** Why a call failed whose error came with status 200: by the status that its code is, else by its words. */
export function reasonOfReport(report: ErrorReport): FailureReason {
  if (report.status !== null) return reasonOfStatus(report.status, report.status === 503, report);
  const { codes, message } = report;
  if (codes.some((code) => exhaustedCodes.has(code))) return 'exhausted';
  if (codes.some((code) => authCodes.has(code))) return 'auth';
  if (codes.some((code) => throttleWords.test(code))) return 'throttled';
  if (isTooLong(report) || codes.some((code) => rejectedWords.test(code))) return 'rejected';
  return throttleWords.test(message ?? '') ? 'throttled' : 'failed';
}

const tooLongCodes = [
  'context_length_exceeded',
  'exceed_context_size_error',
  'model_context_window_exceeded',
];
/** OpenAI and vLLM; Anthropic; Gemini; llama.cpp; Mistral and others. */
const tooLongWords =
  /maximum context length|prompt is too long|input token count .*exceeds|exceed.{0,20}context (size|length|window)|context (length|window) exceeded|too large for model with \d+ maximum context/i;

function isTooLong({ codes, message }: ErrorReport): boolean {
  return codes.some((code) => tooLongCodes.includes(code)) || tooLongWords.test(message ?? '');
}

/**
 * The code that clients go by: the provider's own, and OpenAI's word for a prompt that is too long whoever
 * said it, since clients shorten their history on it. Null when there is none.
 */
export function codeOf(report: ErrorReport): string | null {
  return isTooLong(report) ? 'context_length_exceeded' : (report.codes.find(isWord) ?? null);
}

const isWord = (code: string) => !/^\d*$/.test(code);
