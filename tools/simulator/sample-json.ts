type Schema = {
  type?: string | string[];
  properties?: Record<string, unknown>;
  required?: string[];
  items?: unknown;
  enum?: unknown[];
  const?: unknown;
  minItems?: number;
  anyOf?: unknown[];
  oneOf?: unknown[];
  allOf?: unknown[];
  $ref?: string;
  $defs?: Record<string, unknown>;
};

const depthMax = 8;

/**
 * The smallest value that fits a plain JSON schema: required properties only, the first of several choices;
 * strings are `text`.
 */
export function sampleJson(schema: unknown, text: string): unknown {
  const root = (schema ?? {}) as Schema;
  return sample(root, { text, defs: root.$defs ?? {}, depth: 0 });
}

type Scope = { text: string; defs: Record<string, unknown>; depth: number };

function sample(schema: Schema, scope: Scope): unknown {
  if (scope.depth > depthMax) return null;
  const inside = { ...scope, depth: scope.depth + 1 };
  if (schema.$ref !== undefined) {
    return sample((scope.defs[schema.$ref.replace('#/$defs/', '')] ?? {}) as Schema, inside);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0] ?? null;
  const [choice] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (choice !== undefined && schema.type === undefined) return sample(choice as Schema, inside);
  const type = Array.isArray(schema.type) ? schema.type[0] : (schema.type ?? 'object');
  switch (type) {
    case 'string':
      return scope.text;
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return Array.from({ length: schema.minItems ?? 1 }, () =>
        sample((schema.items ?? {}) as Schema, inside),
      );
    default: {
      const names = schema.required ?? [];
      return Object.fromEntries(
        names.map((name) => [
          name,
          sample((schema.properties?.[name] ?? { type: 'string' }) as Schema, inside),
        ]),
      );
    }
  }
}
