import { readErrorReport } from './error-report.ts';
import { parseJson } from './read-field.ts';

const lengthMax = 1000;
const keyShapes = [/\bsk-[\w*-]{6,}/g, /\bBearer\s+[\w.~+/*=-]{6,}/gi, /\bAIza[\w-]{10,}/g];

/**
 * The provider's own words from an error body, fit to be stored and shown: at most 1,000 characters, nothing
 * that looks like a key (providers quote the key they refuse), no NUL (Postgres refuses it). Takes any shape;
 * falls back to the text itself.
 */
export function failureMessage(errorBody: string, apiKey: string | null): string {
  const text = readErrorReport(parseJson(errorBody)).message ?? errorBody;
  return cleanMessage(text.trim() || 'the provider gave no reason', apiKey);
}

/** The same cleaning for a message of our own or of a library. */
export function cleanMessage(message: string, apiKey: string | null): string {
  const withoutOwnKey =
    apiKey === null || apiKey.length < 6 ? message : message.replaceAll(apiKey, '[key removed]');
  const scrubbed = keyShapes.reduce((text, shape) => text.replace(shape, '[key removed]'), withoutOwnKey);
  const short = scrubbed.replaceAll('\0', '\uFFFD').slice(0, lengthMax);
  // Cutting may have left half a surrogate pair, which is no valid UTF-8.
  return /[\uD800-\uDBFF]$/.test(short) ? short.slice(0, -1) : short;
}
