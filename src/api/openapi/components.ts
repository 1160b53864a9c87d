import { z } from 'zod';

/** A JSON Schema of the document, as far as it is built here. */
export type Json = { [name: string]: unknown };

const overrides = new WeakMap<object, Json>();
const exclusions = new WeakMap<object, Json[]>();
const contents = new WeakMap<object, Record<string, z.ZodType>>();

/** Gives a schema a name in the document: it stands there once, and everything else refers to it. */
export function component<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
  return schema;
}

/**
 * Describes a schema by this JSON Schema instead of the derived one, which cannot show what a refinement or
 * a transformation demands. Validation stays as it is. Throws when the schema has a description already: it
 * stands in another place too.
 */
export function documentedAs<Schema extends z.ZodType>(schema: Schema, json: Json): Schema {
  if (overrides.has(schema)) throw new Error(`a schema is described twice: ${JSON.stringify(json)}`);
  overrides.set(schema, json);
  return schema;
}

/**
 * Says in the document what a rule between fields refuses, each as the schema of what is wrong. It stands
 * there under `not`, which leaves the types of generated clients alone. Validation stays as it is.
 */
export function excluding<Schema extends z.ZodType>(schema: Schema, ...wrong: Json[]): Schema {
  exclusions.set(schema, wrong);
  return schema;
}

/** What `excluding` was given for a schema, as one. */
export function exclusionOf(schema: object): Json | undefined {
  const [only, ...more] = exclusions.get(schema) ?? [];
  return more.length === 0 ? only : { anyOf: [only, ...more] };
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

const hostLabel = '[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?';
/** 8443 is among them. */
const portsFrom1024 = '[1-5]\\d{4}|[2-9]\\d{3}|1[1-9]\\d{2}|10[3-9]\\d|102[4-9]';
const hostName = `(${hostLabel}\\.){1,8}[A-Za-z]{2,24}`;

/** A URL that webhooks may go to. Addresses of public hosts are read too; no pattern tells them apart. */
export const webhookUrl: Json = {
  type: 'string',
  pattern: `^https://${hostName}(:(443|${portsFrom1024}))?([/?][!"$-\\[\\]-~]*)?$`,
  maxLength: 2048,
  description:
    'https, of a public host; no user name, no fragment, and no port but 443, 8443 or one from 1024 on',
};

/** The frames of server-sent events. */
export const eventStream = z.unknown().describe('Server-sent events, as the HTML standard defines them');
