import type { z } from 'zod';
import type { Scope } from '../http/caller.ts';
import { contentOf, type Json } from './components.ts';
import { exampleOf } from './examples.ts';
import { type DescribedRoute, meaningOf, refusalSchemaOf, refusalStatuses } from './refusal-answers.ts';
import type { JsonSchemas } from './to-json-schema.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The fields of a multipart form, which the route reads by itself: described, not validated by it. */
    form?: z.ZodType;
    /** The headers of its own that the route reads by itself: described, not validated by it. */
    headers?: z.ZodObject;
  }
}

/** What a route says of itself. */
export type RouteSchema = {
  hide?: boolean;
  operationId?: string;
  tags?: readonly string[];
  summary?: string;
  description?: string;
  params?: z.ZodObject;
  querystring?: z.ZodObject;
  body?: z.ZodType;
  response?: Record<number, z.ZodType>;
};

export type RouteToDescribe = DescribedRoute & {
  config: { scope?: Scope | 'public'; refuses?: readonly number[]; form?: z.ZodType; headers?: z.ZodObject };
  schema: RouteSchema;
};

const successes: Record<number, string> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  204: 'Nothing more comes',
};

const keyHeader = {
  name: 'idempotency-key',
  in: 'header',
  required: false,
  description:
    'The same request under the same key is done once and answered with the same bytes, for at least a day.',
  schema: { type: 'string', pattern: '^[ -~]{1,255}$' },
};

/** A schema says nothing of what is in a file. */
const fileEncoding = { file: { contentType: 'application/jsonl' } };

/** The OpenAPI 3.1 operation of a route; `null` for one that is hidden. */
export function describeOperation(schemas: JsonSchemas, route: RouteToDescribe): Json | null {
  const { schema, config, method } = route;
  if (schema.hide === true) return null;
  const { operationId, tags, summary, description } = schema;
  const body = requestBodyOf(schemas, route);
  const parameters = [
    ...parametersOf(schemas, 'path', schema.params),
    ...parametersOf(schemas, 'query', schema.querystring),
    ...parametersOf(schemas, 'header', config.headers),
    ...(method === 'POST' ? [keyHeader] : []),
  ];
  return {
    operationId,
    tags,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(config.scope === 'public' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: body }),
    responses: responsesOf(schemas, route),
  };
}

/** `/v1/jobs/:id` as OpenAPI writes it; the rest of a path is one parameter of that name. */
export function toTemplate(url: string): string {
  return url.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{model}');
}

function parametersOf(
  schemas: JsonSchemas,
  position: 'path' | 'query' | 'header',
  schema: z.ZodObject | undefined,
): Json[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...json } = schemas.convert(field as z.ZodType, 'input');
    // A number that is left empty is read as zero.
    const readsEmpty = json['type'] === 'number' && (field as z.ZodType).safeParse('').success;
    const isRequired = position === 'path' || !(field as z.ZodType).safeParse(undefined).success;
    return {
      name: name === '*' ? 'model' : name,
      in: position,
      required: isRequired,
      ...(readsEmpty ? { allowEmptyValue: true } : {}),
      ...(description === undefined ? {} : { description }),
      schema: position === 'path' ? { minLength: 1, ...json } : json,
    };
  });
}

function requestBodyOf(schemas: JsonSchemas, { schema, config }: RouteToDescribe): Json | null {
  const { form } = config;
  if (form !== undefined) {
    // A form has no JSON in it, and what it says of JSON validators of forms do not read.
    const { additionalProperties: _, propertyNames: __, ...fields } = schemas.convert(form, 'input');
    const described = { schema: fields, encoding: fileEncoding };
    return { required: true, content: { 'multipart/form-data': described } };
  }
  const { body, operationId = '' } = schema;
  if (body === undefined) return null;
  const example = exampleOf(operationId);
  return {
    required: !body.safeParse(null).success,
    content: {
      'application/json': {
        schema: schemas.convert(body, 'input'),
        ...(example === undefined ? {} : { example }),
      },
    },
  };
}

function responsesOf(schemas: JsonSchemas, route: RouteToDescribe): Json {
  const own = Object.entries(route.schema.response ?? {}).map(([status, schema]) => {
    const content = Object.entries(contentOf(schema)).map(
      ([type, inner]) => [type, { schema: schemas.convert(inner, 'output') }] as const,
    );
    const description = successes[Number(status)] ?? meaningOf(Number(status));
    return [
      status,
      { description, ...(content.length === 0 ? {} : { content: Object.fromEntries(content) }) },
    ] as const;
  });
  const refusal = schemas.convert(refusalSchemaOf(route.url), 'output');
  const refused = refusalStatuses(route)
    .filter((status) => route.schema.response?.[status] === undefined)
    .map(
      (status) =>
        [
          String(status),
          { description: meaningOf(status), content: { 'application/json': { schema: refusal } } },
        ] as const,
    );
  return Object.fromEntries([...own, ...refused]);
}
