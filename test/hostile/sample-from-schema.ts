import type { JsonSchema } from './routes.ts';

/**
 * A value that fits a schema, with all of its fields: what is sent to a route nobody has written a good body
 * for.
 */
export function sampleOf(schema: JsonSchema): unknown {
  const variant = (schema.anyOf ?? schema.oneOf ?? schema.allOf)?.[0];
  if (variant !== undefined) return sampleOf(variant);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const type = [schema.type].flat()[0];
  if (type === 'object' || schema.properties !== undefined) {
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, field]) => [name, sampleOf(field)]),
    );
  }
  if (type === 'array') return schema.items === undefined ? [] : [sampleOf(schema.items)];
  if (type === 'string') return schema.format === 'date-time' ? '2100-01-01T00:00:00Z' : 'text';
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  return type === 'boolean' ? false : null;
}
