import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { App } from './app.ts';
import { setScopeOfPlugin } from './scopes.ts';

const description = `Prices, reserves, queues, runs, settles and delivers LLM jobs for many tenants.

Money is a decimal string with nine places, in fields whose names end in \`_usd\`. Every POST takes an \`Idempotency-Key\`.
Every answer carries \`x-request-id\`.`;

const problem = z
  .object({
    detail: z.string(),
    code: z.number().int(),
    error_type: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ param: z.string(), message: z.string() })).optional(),
    error: z.object({
      message: z.string(),
      type: z.string(),
      code: z.string(),
      param: z.string().nullable(),
    }),
  })
  .describe('Any refusal');

/** Collects the routes added after it into `GET /openapi.json` (OpenAPI 3.1). Call before any route. */
export async function describeRoutes(app: App, publicUrl: string | null): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      ...(publicUrl === null ? {} : { servers: [{ url: publicUrl }] }),
      info: { title: 'LLM job gateway', version: '1', description },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key (gw_…) or a JWT' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }],
    },
    transform: (document) => jsonSchemaTransform(withTag(withProblem(withKey(document)))),
  });
}

type TransformInput = Parameters<typeof jsonSchemaTransform>[0];

/** Documents, for each route that describes its answers, that it may refuse as well. */
function withProblem(document: TransformInput): TransformInput {
  const response = (document.schema as { response?: object } | undefined)?.response;
  if (response === undefined) return document;
  return { ...document, schema: { ...document.schema, response: { ...response, default: problem } } };
}

const keyHeader = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .describe(
      '1 to 255 printable ASCII characters. The same request under the same key is done once and answered with the same bytes, for at least a day.',
    ),
});

/** Documents the header that every POST takes; it is read in `idempotent.ts`, not by the schema. */
function withKey(document: TransformInput): TransformInput {
  if (document.route.method !== 'POST') return document;
  return { ...document, schema: { ...document.schema, headers: keyHeader } };
}

/** The groups of the pages, by how a path begins; the first that fits. */
const groups: [prefix: string, tag: string][] = [
  ['/v1/admin', 'operator'],
  ['/v1/jobs', 'jobs'],
  ['/v1/estimates', 'jobs'],
  ['/v1/models', 'models'],
  ['/v1/deliveries', 'webhooks'],
  ['/v1/webhook', 'webhooks'],
  ['/v1/', 'account'],
  ['/', 'operations'],
];

function withTag(document: TransformInput): TransformInput {
  const tag = groups.find(([prefix]) => document.url.startsWith(prefix))?.[1] ?? 'operations';
  return { ...document, schema: { tags: [tag], ...document.schema } };
}

/** Serves the description and its pages. Call after the last route. */
export async function serveDocuments(app: App): Promise<void> {
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, () => app.swagger());
  await app.register(async (docs) => {
    setScopeOfPlugin(docs, { scope: 'public' });
    // The plugin would send this address to itself for ever when it has a query.
    docs.addHook('onRequest', async (request, reply) => {
      if (request.url.startsWith('/docs/static/index.html?')) return reply.redirect('/docs/');
      return undefined;
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      // As the plugin's own, without "upgrade-insecure-requests": a local server has no TLS.
      staticCSP:
        "default-src 'self'; base-uri 'self'; img-src 'self' data:; object-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    });
  });
}
