import type { Json } from './components.ts';

/** NUL cannot be stored, wherever it stands. */
const storablePattern = '^[^\\u0000]*$';

/** The name of what no free JSON may hold, in the document. */
export const unstorableName = 'Unstorable';

const unstorable = { $ref: `#/components/schemas/${unstorableName}` };
const storableName: Json = { pattern: storablePattern, not: { const: '__proto__' } };

/**
 * Text with a NUL, and JSON that has one, or a name that reaches a prototype, anywhere inside. Said once and
 * with `not`, so that the types of clients stay what they are.
 */
export const unstorableSchema: Json = {
  description: 'What cannot be stored: a NUL character in a text or a name, or the name `__proto__`',
  anyOf: [
    { type: 'string', pattern: '\\u0000' },
    { type: 'object', not: { propertyNames: storableName } },
    { type: 'object', not: { additionalProperties: { not: unstorable } } },
    { type: 'array', not: { items: { not: unstorable } } },
  ],
};

/** Says of a schema of what is sent that it holds nothing that cannot be stored. */
export function demandStorable(json: Json): void {
  const { type, pattern, additionalProperties } = json;
  if (type === 'string' && !['pattern', 'enum', 'const', 'format'].some((name) => name in json)) {
    json['pattern'] = storablePattern;
  }
  // A pattern of the beginning leaves open how the text goes on.
  if (typeof pattern === 'string' && !pattern.endsWith('$')) json['not'] = { pattern: '\\u0000' };
  if (type === 'object' && isFree(additionalProperties)) {
    json['additionalProperties'] = { not: unstorable };
    json['propertyNames'] ??= storableName;
  }
  if (isAnything(json)) json['not'] = unstorable;
}

/** Also of fields that are read over: they are looked at. And of a schema that this was said of before. */
function isFree(json: unknown): boolean {
  return json === undefined || isAnything(json) || (json as Json)['not'] === unstorable;
}

function isAnything(json: unknown): json is Json {
  if (typeof json !== 'object' || json === null) return false;
  return Object.keys(json).every((name) => name === 'description');
}
