import { readJson } from '../../shared/platform/json/read-json.ts';
/** Reading what an upstream sent without trusting its shape. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined as soon as a step is not an object. */
export function readField(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), value);
}

export function readText(value: unknown, ...path: string[]): string | null {
  const found = readField(value, ...path);
  return typeof found === 'string' ? found : null;
}

export function readList(value: unknown, ...path: string[]): unknown[] {
  const found = readField(value, ...path);
  return Array.isArray(found) ? found : [];
}

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
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    names
      .filter((name) => value[name] !== undefined && value[name] !== null)
      .map((name) => [name, value[name]]),
  );
}
