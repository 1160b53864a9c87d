import { isFault } from './openai-finish.ts';
import { isRecord, readField, readList } from './read-field.ts';

/** What a provider reports of an error, in whatever shape. */
export type ErrorReport = {
  /** In its own words; null when it has none. */
  message: string | null;
  /** Every word that may be a code, the most telling one first. */
  codes: string[];
  /** The HTTP status that its code stands for; null when that is no status. */
  status: number | null;
};

/**
 * The error that a body with status 200 holds, or an event of a stream; null when it holds none. Aggregators
 * answer so, since the status was sent before their provider failed (OpenRouter's API reference, "Errors":
 * `error` at the top or in a choice), Gemini's endpoint of OpenAI's wire puts it in a list, MiniMax has
 * `base_resp`, vLLM `object: "error"`, Cloudflare `success: false` with `errors`.
 */
export function findErrorInside(body: unknown): ErrorReport | null {
  const first = Array.isArray(body) ? body[0] : body;
  if (!isRecord(first)) return null;
  if (isErrorValue(first['error']) || isPlainError(first)) return readErrorReport(first);
  let fault: string | null = null;
  for (const choice of readList(first, 'choices')) {
    if (isErrorValue(readField(choice, 'error'))) return readErrorReport(choice);
    const reason = readField(choice, 'finish_reason');
    if (isFault(reason)) fault ??= reason;
  }
  if (fault === null) return null;
  return { message: `the provider broke its answer off: ${fault}`, codes: [fault], status: null };
}

const isErrorValue = (value: unknown) =>
  (typeof value === 'string' && value !== '') || (isRecord(value) && Object.keys(value).length > 0);

/** An error that is the body itself, without a field of that name. */
function isPlainError(body: Record<string, unknown>): boolean {
  const replied = readField(body, 'base_resp', 'status_code');
  if (replied !== undefined && replied !== 0) return true;
  if (body['object'] === 'error' || body['success'] === false) return true;
  const hasWords = wordNames.some((name) => typeof body[name] === 'string');
  if (!hasWords || body['type'] === 'error') return hasWords;
  const isAnswer = answerNames.some((name) => name in body);
  return !isAnswer && ['code', 'status', 'status_code'].some((name) => isGiven(body[name]));
}

const wordNames = ['message', 'msg', 'detail'];
const answerNames = ['choices', 'content', 'candidates', 'output', 'usage'];

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== 0 && value !== '';

/** Any error body, that of an error status too. */
export function readErrorReport(body: unknown): ErrorReport {
  const first = Array.isArray(body) ? body[0] : body;
  const error = readField(first, 'error');
  const candidates = [
    error,
    ...listDetails(error),
    ...readList(first, 'errors'),
    readField(first, 'base_resp'),
    ...readList(first, 'detail'),
    readField(first, 'detail'),
    first,
  ].filter(isRecord);
  const texts = [...candidates.flatMap(messagesOf), ...(typeof error === 'string' ? [error] : [])];
  const values = candidates.flatMap((candidate) => codeNames.map((name) => candidate[name]));
  return {
    message: texts.find((text) => text.trim() !== '') ?? null,
    codes: values.filter((value): value is string => typeof value === 'string' && value !== ''),
    status: values.map(Number).find((value) => value >= 400 && value <= 599) ?? null,
  };
}

const codeNames = ['code', 'type', 'status', 'reason', 'error_code', 'errorCode', 'status_code'];

const messagesOf = (candidate: Record<string, unknown>): string[] =>
  ['message', 'msg', 'error_msg', 'status_msg', 'detail', 'error']
    .map((name) => candidate[name])
    .filter((text) => typeof text === 'string');

function listDetails(error: unknown): readonly unknown[] {
  const details = readField(error, 'details');
  return isRecord(details) ? [details] : readList(error, 'details');
}
