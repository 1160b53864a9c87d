import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { newId } from '../../../shared/ids.ts';
import { overQuota } from '../../../shared/platform/config/quotas.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import {
  deleteEndpoint,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  updateEndpoint,
} from '../../../shared/webhooks/sql/endpoints.ts';
import {
  hintOfSecret,
  newWebhookSecret,
  sealEndpointSecret,
} from '../../../shared/webhooks/webhook-secret.ts';
import type { TargetPolicy } from '../../../shared/webhooks/webhook-target.ts';
import type { App } from '../../http/app.ts';
import { accountOf, limitOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { cursorOf, pageOf, pageQuery, toPage } from '../../http/pages.ts';
import { deletedSchema, idParams } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';
import {
  endpointChange,
  endpointRequest,
  endpointSchema,
  newEndpointSchema,
  refuseBadUrl,
  toEndpoint,
} from './endpoint-object.ts';

export type EndpointDeps = { sql: Database; config: { secretsKey: SecretsKey; webhooks: TargetPolicy } };

/**
 * `POST /v1/webhook_endpoints`: a URL that receives every event of some types. Its secret is shown this
 * once.
 */
export function createWebhookEndpointRoute(app: App, deps: EndpointDeps): void {
  app.post(
    '/v1/webhook_endpoints',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'createWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Tell a URL about events; the signing secret is shown once',
        body: endpointRequest,
        response: { 200: newEndpointSchema },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { secretsKey, webhooks } = deps.config;
      const endpointsMax = limitOf(request, 'webhook_endpoints');
      const { name, url, event_types: eventTypes } = request.body;
      refuseBadUrl(url, webhooks);
      reply.header('cache-control', 'no-store');
      const work = async (tx: Parameters<typeof insertEndpoint>[0]) => {
        const id = newId('whe');
        const signingSecret = newWebhookSecret();
        const secret = sealEndpointSecret(secretsKey, id, signingSecret);
        const secretHint = hintOfSecret(signingSecret);
        const endpoint = await insertEndpoint(
          tx,
          { id, accountId, name, url, eventTypes, secret, secretHint },
          endpointsMax,
        );
        if (endpoint === null) throw overQuota('webhook_endpoints', endpointsMax);
        return { status: 200, body: { ...toEndpoint(endpoint), signing_secret: signingSecret } };
      };
      return await idempotent(request, reply, deps, work, { sealWith: secretsKey });
    },
  );
}

/** `GET /v1/webhook_endpoints`: the endpoints of an account, newest first, without their secrets. */
export function listWebhookEndpointsRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/webhook_endpoints',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWebhookEndpoints',
        tags: ['webhooks'],
        summary: 'The webhook endpoints of the account',
        querystring: z.strictObject({ ...pageQuery, after: cursorOf('whe') }),
        response: { 200: component('WebhookEndpointList', pageOf(endpointSchema)) },
      },
    },
    async (request) => {
      const { limit, after = null } = request.query;
      const endpoints = await listEndpoints(deps.sql, { accountId: accountOf(request), after, limit });
      return toPage(endpoints.map(toEndpoint), limit);
    },
  );
}

/** `GET /v1/webhook_endpoints/{id}`. */
export function getWebhookEndpointRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/webhook_endpoints/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'A webhook endpoint',
        params: idParams,
        response: { 200: endpointSchema },
      },
    },
    async (request) => {
      const endpoint = await findEndpoint(deps.sql, accountOf(request), request.params.id);
      if (endpoint === null) throw notFound('webhook endpoint');
      return toEndpoint(endpoint);
    },
  );
}

/**
 * `POST /v1/webhook_endpoints/{id}`: changes some fields. What is owed already goes to a new URL too. While
 * it is disabled, events are held for it, and `recover` sends them once it is enabled again.
 */
export function updateWebhookEndpointRoute(
  app: App,
  deps: EndpointDeps & { signals: Pick<Signals, 'publish'> },
): void {
  app.post(
    '/v1/webhook_endpoints/:id',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'updateWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Change, disable or enable a webhook endpoint',
        params: idParams,
        body: endpointChange,
        response: { 200: endpointSchema },
      },
    },
    async (request, reply) => {
      const key = { accountId: accountOf(request), id: request.params.id };
      const { name = null, url = null, event_types: eventTypes = null, status: state = null } = request.body;
      if (url !== null) refuseBadUrl(url, deps.config.webhooks);
      const answer = await idempotent(request, reply, deps, async (tx) => {
        const endpoint = await updateEndpoint(tx, key, { name, url, eventTypes, state });
        if (endpoint === null) throw notFound('webhook endpoint');
        return { status: 200, body: toEndpoint(endpoint) };
      });
      deps.signals.publish('endpoints');
      return answer;
    },
  );
}

/**
 * `DELETE /v1/webhook_endpoints/{id}`: nothing is sent there any more; what is still owed to it is given up.
 */
export function deleteWebhookEndpointRoute(
  app: App,
  deps: { sql: Database; signals: Pick<Signals, 'publish'> },
): void {
  app.delete(
    '/v1/webhook_endpoints/:id',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'deleteWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Delete a webhook endpoint',
        params: idParams,
        response: { 200: deletedSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!(await deleteEndpoint(deps.sql, accountOf(request), id))) throw notFound('webhook endpoint');
      deps.signals.publish('endpoints');
      return { id, object: 'webhook_endpoint.deleted', deleted: true as const };
    },
  );
}
