import { isVerbatim } from '../platform/json/verbatim.ts';
import { measureText, type TextMeasure } from './text-tokens.ts';

/**
 * Measures every text of a body that goes to its provider as it is, names of fields included: the body may
 * hold what our own shape of the request has no field for. The bytes of images and documents are not text.
 */
export function measurePassed(value: unknown, into: TextMeasure): void {
  if (isVerbatim(value)) measureText(value(), into);
  else if (typeof value === 'object' && value !== null) measureFields(value, into);
  else if (typeof value !== 'string' || !value.startsWith('data:')) measureText(String(value), into);
}

function measureFields(value: object, into: TextMeasure): void {
  const isBytes = (value as { type?: unknown }).type === 'base64';
  for (const [key, inner] of Object.entries(value)) {
    if (isBytes && key === 'data') continue;
    if (!Array.isArray(value)) measureText(key, into);
    measurePassed(inner, into);
  }
}
