import cors from '@fastify/cors';
import { type FastifyBaseLogger, type FastifyRequest, fastify, LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { newId } from '../../shared/ids.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import type { App } from './app.ts';
import { answerBrokenRequest } from './broken-request.ts';
import './caller.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { closeAfter } from './close-unread.ts';
import { compileValidator } from './compile-validator.ts';
import { createBodyReader, emptySha256, type JsonBodyDeps } from './json-body.ts';
import { decorateLinks } from './links.ts';
import { answerError, sendRefusal } from './problem.ts';
import { noteMethods, unknownRoute } from './unknown-route.ts';

type OpenDeps = { config: Pick<Config, 'http'>; log: FastifyBaseLogger };

/**
 * A client may take this long to send its headers, and this long for all of a request (an upload of a large
 * file).
 */
const headersMsMax = 15_000;
const requestMsMax = 300_000;

/** The id of an account may have 255 characters, each of up to twelve when it is percent-encoded. */
const paramLengthMax = 4096;

/**
 * The vendors' paths are served without /v1 as well: people come from gateways whose base URL is the bare
 * host.
 */
const withoutVersion =
  /^\/(?:chat\/completions|responses|embeddings|models|files|batches|messages)(?=[/?]|$)/;

/** An empty server: how requests are read, what answers look like, what happens to errors. */
export function openServer({ config, log, validator, bodies }: OpenDeps & JsonBodyDeps): App {
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    requestIdHeader: false,
    rewriteUrl: ({ url = '' }) => url.replace(withoutVersion, '/v1$&'),
    genReqId: () => newId('req'),
    bodyLimit: config.http.bodyLimitBytes,
    trustProxy: config.http.trustProxy.length === 0 ? false : config.http.trustProxy,
    // Node swaps the two limits when the first is the larger, and looks at neither unless told how often.
    requestTimeout: requestMsMax,
    http: {
      headersTimeout: headersMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: 2000,
      // Refused by us, in the shape of every other refusal.
      requireHostHeader: false,
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      // No hook runs for these.
      closeAfter(request, reply);
      answerError(error, request, reply);
    },
    routerOptions: { maxParamLength: paramLengthMax },
  }).withTypeProvider<ZodTypeProvider>();
  app.decorateRequest('caller');
  app.decorateRequest('account', null);
  app.decorateRequest('credentialFault', null);
  app.decorateRequest('bodySha256', emptySha256);
  decorateLinks(app, config.http);
  app.setValidatorCompiler(compileValidator);
  // Schemas of answers describe and type them; what a handler returns is sent as it is.
  app.setSerializerCompiler(() => (data) => writeJson(data));
  app.setReplySerializer((payload) => writeJson(payload));
  app.removeAllContentTypeParsers();
  const readBody = createBodyReader({ config, validator, bodies });
  app.addContentTypeParser('application/json', (request: FastifyRequest) => readBody(request));
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => sendRefusal(request, reply, unknownRoute(request)));
  noteMethods(app as unknown as App);
  return app as unknown as App;
}

/** What OWASP's HTTP headers cheat sheet asks of an API whose answers are data. */
const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Logs once that a proxy stands before this server that is not in its configuration: all who come through it
 * count as one address.
 */
export function warnOfProxy(app: App, { config, log }: OpenDeps): void {
  let hasWarned = config.http.trustProxy.length > 0;
  app.addHook('onRequest', async (request) => {
    if (hasWarned || request.headers['x-forwarded-for'] === undefined) return;
    hasWarned = true;
    log.warn(
      { peer: request.raw.socket.remoteAddress },
      'a request carries X-Forwarded-For and TRUST_PROXY is not set: every client behind that proxy counts as one address; set TRUST_PROXY to the addresses of your proxies',
    );
  });
}

/** What clients in a browser may read of an answer beside its body: everything that the SDKs look at. */
const exposedHeaders = [
  'x-request-id',
  'request-id',
  'x-job-id',
  'location',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'idempotent-replayed',
  'ratelimit',
  'ratelimit-policy',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'www-authenticate',
  'content-disposition',
];

/** The headers that limit what browsers do with answers: nothing, unless an origin is listed. */
export async function addSecurityHeaders(app: App, { config }: Pick<OpenDeps, 'config'>): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    // Browsers follow it over TLS alone. What other hosts there are under our name is not ours to say.
    if (request.protocol === 'https') reply.header('strict-transport-security', 'max-age=31536000');
    // Answers are their caller's; the pages of the documentation are everybody's.
    if (!request.url.startsWith('/docs')) reply.header('cache-control', 'no-store');
  });
  const { corsOrigins } = config.http;
  if (corsOrigins.length === 0) return;
  await app.register(cors, {
    origin: corsOrigins,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders,
    maxAge: 600,
  });
}
