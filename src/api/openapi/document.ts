import type { Json } from './components.ts';
import { describeOperation, type RouteToDescribe, toTemplate } from './describe-operation.ts';
import { createJsonSchemas } from './to-json-schema.ts';

const description = `Prices, reserves, queues, runs, settles and delivers LLM jobs for many tenants.

Money is a decimal string with nine places, in fields whose names end in \`_usd\`.
Every POST takes an \`Idempotency-Key\`. Every answer carries \`x-request-id\`.`;

/** The groups of the document, in its order. */
const tags = [
  { name: 'jobs', description: 'Jobs: submitted, read, followed and cancelled' },
  { name: 'openai', description: "OpenAI's API over every provider" },
  { name: 'anthropic', description: "Anthropic's API over every provider" },
  { name: 'models', description: 'The models that can be used, with prices and limits' },
  { name: 'account', description: 'Balance, statement, usage, limits and keys' },
  { name: 'webhooks', description: 'Webhook endpoints, secrets and deliveries' },
  { name: 'operator', description: 'Accounts, credit, providers and the ledger, for the operator' },
  { name: 'operations', description: 'Health' },
];

/** The OpenAPI 3.1 document of these routes; `publicUrl` is where clients reach them, when that is known. */
export function toDocument(routes: readonly RouteToDescribe[], publicUrl: string | null): Json {
  const schemas = createJsonSchemas();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const operation = describeOperation(schemas, route);
    if (operation === null) continue;
    const path = toTemplate(route.url);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'LLM job gateway',
      version: '1',
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    ...(publicUrl === null ? {} : { servers: [{ url: publicUrl }] }),
    tags,
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      schemas: schemas.components(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key (gw_…) or a JWT' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}
