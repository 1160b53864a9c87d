import { isVerbatim } from '../platform/json/verbatim.ts';
import { emptyMeasure, measureText, type TextMeasure } from './text-tokens.ts';

/** What of a body that goes to its provider as it is bounds its cost. */
export type PassedMeasure = {
  text: TextMeasure;
  /** A mark in it asks for Anthropic's one-hour cache. */
  hourCache: boolean;
};

/**
 * Measures every text of a body that goes to its provider as it is, names of fields included: the body may
 * hold what our own shape of the request has no field for. The bytes of images and documents are not text.
 */
export function measurePassed(body: unknown): PassedMeasure {
  const measure = { text: emptyMeasure(), hourCache: false };
  addValue(body, measure);
  return measure;
}

function addValue(value: unknown, into: PassedMeasure): void {
  if (isVerbatim(value)) measureText(value(), into.text);
  else if (typeof value === 'object' && value !== null) addFields(value, into);
  else if (typeof value !== 'string' || !value.startsWith('data:')) measureText(String(value), into.text);
}

function addFields(value: object, into: PassedMeasure): void {
  const isBytes = (value as { type?: unknown }).type === 'base64';
  for (const [key, inner] of Object.entries(value)) {
    if (isBytes && key === 'data') continue;
    if (key === 'ttl' && inner === '1h') into.hourCache = true;
    if (!Array.isArray(value)) measureText(key, into.text);
    addValue(inner, into);
  }
}
