import { z } from 'zod';

type Schema = Record<string, unknown>;
type Response = { content?: Record<string, { schema: Schema }> };
export type Operation = {
  operationId: string;
  tags: string[];
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, Response>;
};
export type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** The documented operation of a request, or null when its path or its method has none. */
function operationOf(document: Document, method: string, url: string): Operation | null {
  const [path = ''] = url.split('?', 1);
  const fitting = Object.keys(document.paths)
    .filter((template) => toPattern(template).test(path))
    // A path that is written out goes before one with a parameter in that position.
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return document.paths[fitting[0] ?? '']?.[method.toLowerCase()] ?? null;
}

/**
 * What an answer has that its operation does not document: its status, or the first thing in its JSON that
 * does not fit the schema. Null when it is as documented.
 */
export function undocumented(
  document: Document,
  request: { method: string; url: string },
  answer: { status: number; json: unknown },
): string | null {
  const operation = operationOf(document, request.method, request.url);
  if (operation === null) return null;
  const where = `${request.method} ${request.url} answered ${answer.status}`;
  const response = operation.responses[String(answer.status)];
  if (response === undefined) return `${where}, which is not documented`;
  const schema = response.content?.['application/json']?.schema;
  if (schema === undefined || answer.json === null) return null;
  const result = validatorOf(document, schema).safeParse(answer.json);
  return result.success ? null : `${where} with other JSON than documented: ${result.error.message}`;
}

const validators = new WeakMap<Schema, z.ZodType>();

function validatorOf(document: Document, schema: Schema): z.ZodType {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const made = z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as never);
  validators.set(schema, made);
  return made;
}

function toPattern(template: string): RegExp {
  // The name of a model has a slash in it.
  const pattern = template.replace('{model}', '.+').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`);
}
