import { z } from 'zod';

/** A JSON Schema of the document, as far as it is built here. */
export type Json = { [name: string]: unknown };

const overrides = new WeakMap<object, Json>();
const contents = new WeakMap<object, Record<string, z.ZodType>>();

/** Gives a schema a name in the document: it stands there once, and everything else refers to it. */
export function component<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
  return schema;
}

/**
 * Describes a schema by this JSON Schema instead of the derived one, which cannot show what a refinement or
 * a transformation demands. Validation stays as it is.
 */
export function documentedAs<Schema extends z.ZodType>(schema: Schema, json: Json): Schema {
  overrides.set(schema, json);
  return schema;
}

/** What `documentedAs` was given for a schema. */
export function overrideOf(schema: object): Json | undefined {
  return overrides.get(schema);
}

/**
 * An answer that is described by content type and not typed: for stored JSON, which is sent as it is, for
 * streams and for files. Without any content type it is an answer without a body.
 */
export function media(content: Record<string, z.ZodType>): z.ZodType<unknown> {
  const schema = z.unknown();
  contents.set(schema, content);
  return schema;
}

/** JSON that is described and not typed: it holds stored texts, which no type of ours says anything of. */
export function json(schema: z.ZodType): z.ZodType<unknown> {
  return media({ 'application/json': schema });
}

/** The schemas of an answer by content type. */
export function contentOf(schema: z.ZodType): Record<string, z.ZodType> {
  return contents.get(schema) ?? { 'application/json': schema };
}

/** A URL that webhooks may go to. */
export const webhookUrl: Json = {
  type: 'string',
  pattern: '^https?://[^\\s/\\u0000]+[^\\u0000]*$',
  maxLength: 2048,
  description: 'https, of a public host',
};

/** The frames of server-sent events. */
export const eventStream = z.unknown().describe('Server-sent events, as the HTML standard defines them');
