import { z } from 'zod';
import { exclusionOf, type Json, overrideOf } from './components.ts';
import { demandStorable, unstorableName, unstorableSchema } from './storable.ts';

const referencePrefix = '#/components/schemas/';

/** A time in the years that requests may speak of, as RFC 3339 writes it. */
const instantPattern =
  '^2(00[1-9]|0[1-9]\\d|1\\d\\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$';
const dayPattern = '^2(00[1-9]|0[1-9]\\d|1\\d\\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$';

export type JsonSchemas = {
  /** The JSON Schema (2020-12) of what is sent (`input`) or answered (`output`). */
  convert(schema: z.ZodType, io: 'input' | 'output'): Json;
  /** The named schemas that were referred to so far. */
  components(): Record<string, Json>;
};

/**
 * Turns zod schemas into JSON Schemas that refer to named ones by `#/components/schemas/…`. Throws when two
 * different schemas have one name.
 */
export function createJsonSchemas(): JsonSchemas {
  const named = new Map<string, { json: Json; text: string }>();

  function add(id: string, json: Json): void {
    const text = JSON.stringify(json);
    const known = named.get(id);
    if (known !== undefined && known.text !== text) throw new Error(`two schemas are named ${id}`);
    named.set(id, { json, text });
  }

  return {
    convert: (schema, io) => {
      const { $schema: _, $defs = {}, ...root } = toJson(schema, io);
      for (const [id, json] of Object.entries($defs as Record<string, Json>)) add(id, withoutId(json));
      if (io === 'input') add(unstorableName, unstorableSchema);
      return root;
    },
    components: () =>
      Object.fromEntries(
        [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, { json }]) => [id, json] as const),
      ),
  };
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): Json {
  const json = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const given = overrideOf(zodSchema);
      if (given !== undefined) replace(jsonSchema as Json, given);
      else mend(jsonSchema as Json, io);
      const wrong = exclusionOf(zodSchema);
      if (wrong !== undefined && io === 'input') jsonSchema.not = wrong;
    },
  });
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', `"${referencePrefix}`)) as Json;
}

/** Says in the words of generators and validators what zod writes in words that some of them do not know. */
function mend(json: Json, io: 'input' | 'output'): void {
  if (io === 'input' && json['format'] === 'date-time') json['pattern'] = instantPattern;
  if (io === 'input' && json['format'] === 'date') json['pattern'] = dayPattern;
  if (io === 'input') {
    demandStorable(json);
    describeDefault(json);
  }
  const { prefixItems } = json;
  if (Array.isArray(prefixItems) && prefixItems.length === 1) {
    delete json['prefixItems'];
    Object.assign(json, { items: prefixItems[0], minItems: 1, maxItems: 1 });
  }
  const { oneOf } = json;
  if (Array.isArray(oneOf) && oneOf.length === 1) replace(json, oneOf[0] as Json);
}

/**
 * A default is said in words: openapi-typescript 7 makes a field with one required, also of what is sent.
 */
function describeDefault(json: Json): void {
  const { default: value, description } = json;
  if (value === undefined) return;
  delete json['default'];
  json['description'] = [description, `Default: ${JSON.stringify(value)}`].filter(Boolean).join('. ');
}

function replace(json: Json, by: Json): void {
  for (const name of Object.keys(json)) delete json[name];
  Object.assign(json, by);
}

function withoutId({ id: _, ...json }: Json): Json {
  return json;
}
