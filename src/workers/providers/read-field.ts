import { readJson } from '../../shared/platform/json/read-json.ts';
/** Reading what an upstream sent without trusting its shape. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value at a path of keys, or undefined as soon as a step is not an object. The keys are parameters: this
 * runs a dozen times for each event of a stream, and a list of them would be an object each time.
 */
export function readField(value: unknown, key: string, second?: string, third?: string): unknown {
  const at = isRecord(value) ? value[key] : undefined;
  return second === undefined ? at : readField(at, second, third);
}

export function readText(value: unknown, key: string, second?: string, third?: string): string | null {
  const found = readField(value, key, second, third);
  return typeof found === 'string' ? found : null;
}

export function readList(value: unknown, key: string, second?: string): readonly unknown[] {
  const found = readField(value, key, second);
  return Array.isArray(found) ? found : noItems;
}

const noItems: readonly unknown[] = [];

/** Parsed JSON, or undefined when the text is none. */
export function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** These fields of a record, where it has them, and nothing else of it. */
export function pickFields(value: unknown, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  if (!isRecord(value)) return picked;
  for (const name of names) {
    const field = value[name];
    if (field !== undefined && field !== null) picked[name] = field;
  }
  return picked;
}
