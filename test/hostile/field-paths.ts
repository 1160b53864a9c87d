export type FieldPath = (string | number)[];

/** Every place in a value, inner ones too, outermost first; not the value itself. */
export function fieldPaths(value: unknown, path: FieldPath = []): FieldPath[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value).filter(([, item]) => item !== undefined);
  return entries.flatMap(([name, item]) => [[...path, name], ...fieldPaths(item, [...path, name])]);
}

export function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string | number, unknown>)?.[name], value);
}

const placeholder = 'b1f7c1d2-here-goes-the-text';

/** The JSON text of a value in which one place holds this JSON text instead; it need not be valid. */
export function textWith(value: unknown, path: FieldPath, text: string): string {
  if (path.length === 0) return text;
  const copy = structuredClone(value);
  const last = path.at(-1) as string;
  (valueAt(copy, path.slice(0, -1)) as Record<string, unknown>)[last] = placeholder;
  return JSON.stringify(copy).replace(`"${placeholder}"`, () => text);
}

/** The JSON text of a value in which one place is missing. */
export function textWithout(value: unknown, path: FieldPath): string {
  const copy = structuredClone(value);
  const holder = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  const last = path.at(-1) as string | number;
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return JSON.stringify(copy);
}
