import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import { replaceEndpointSecret } from '../../../shared/webhooks/sql/endpoints.ts';
import { replaceWebhookSecret } from '../../../shared/webhooks/sql/secrets.ts';
import {
  hintOfSecret,
  newWebhookSecret,
  readWebhookSecret,
  sealEndpointSecret,
  sealWebhookSecret,
} from '../../../shared/webhooks/webhook-secret.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';
import { newEndpointSchema, toEndpoint } from './endpoint-object.ts';
import type { EndpointDeps } from './endpoints.ts';

/**
 * `GET /v1/webhook_secret`: what the account's webhooks are signed with; made when first asked for. Not for
 * `read`.
 */
export function getWebhookSecretRoute(
  app: App,
  deps: { sql: Database; config: { secretsKey: SecretsKey } },
): void {
  app.get(
    '/v1/webhook_secret',
    {
      config: { scope: 'jobs', refuses: [404] },
      schema: {
        operationId: 'getWebhookSecret',
        tags: ['webhooks'],
        summary: 'The secret that signs the webhooks of jobs',
        response: { 200: webhookSecretSchema },
      },
    },
    async (request, reply) => {
      const { secretsKey } = deps.config;
      const secret = await readWebhookSecret({ sql: deps.sql, secretsKey }, accountOf(request));
      if (secret === null) throw notFound('account');
      reply.header('cache-control', 'no-store');
      return { secret };
    },
  );
}

/**
 * `POST /v1/webhook_secret/rotate`: a new secret; for 24 hours webhooks are signed with it and with the one
 * before.
 */
export function rotateWebhookSecretRoute(
  app: App,
  deps: { sql: Database; config: { secretsKey: SecretsKey } },
): void {
  app.post(
    '/v1/webhook_secret/rotate',
    {
      config: { scope: 'jobs', refuses: [404] },
      schema: {
        operationId: 'rotateWebhookSecret',
        tags: ['webhooks'],
        summary: 'Replace the webhook secret; the old one signs along for 24 hours',
        response: { 200: webhookSecretSchema },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { secretsKey } = deps.config;
      const options = { sealWith: secretsKey };
      reply.header('cache-control', 'no-store');
      return await idempotent(
        request,
        reply,
        deps,
        async (tx) => {
          const secret = newWebhookSecret();
          await replaceWebhookSecret(tx, accountId, sealWebhookSecret(secretsKey, accountId, secret));
          return { status: 200, body: { secret } };
        },
        options,
      );
    },
  );
}

const webhookSecretSchema = component('WebhookSecret', z.object({ secret: z.string() }));

const overlapSeconds = 24 * 3600;
const rotation = z.strictObject({ keep_old_secret_active_for_24_hours: z.boolean().default(true) });

/**
 * `POST /v1/webhook_endpoints/{id}/rotate_secret`: a new secret, shown this once. For 24 hours webhooks are
 * signed with it and with the one before, unless that one is to end at once.
 */
export function rotateWebhookEndpointSecretRoute(app: App, deps: EndpointDeps): void {
  app.post(
    '/v1/webhook_endpoints/:id/rotate_secret',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'rotateWebhookEndpointSecret',
        tags: ['webhooks'],
        summary: 'Replace the signing secret; the old one signs along for 24 hours',
        params: idParams,
        body: rotation.nullable().transform((body) => body ?? rotation.parse({})),
        response: { 200: newEndpointSchema },
      },
    },
    async (request, reply) => {
      const key = { accountId: accountOf(request), id: request.params.id };
      const { secretsKey } = deps.config;
      const overlap = request.body.keep_old_secret_active_for_24_hours ? overlapSeconds : 0;
      reply.header('cache-control', 'no-store');
      const work = async (tx: Parameters<typeof replaceEndpointSecret>[0]) => {
        const signingSecret = newWebhookSecret();
        const endpoint = await replaceEndpointSecret(tx, key, {
          secret: sealEndpointSecret(secretsKey, key.id, signingSecret),
          secretHint: hintOfSecret(signingSecret),
          overlapSeconds: overlap,
        });
        if (endpoint === null) throw notFound('webhook endpoint');
        return { status: 200, body: { ...toEndpoint(endpoint), signing_secret: signingSecret } };
      };
      return await idempotent(request, reply, deps, work, { sealWith: secretsKey });
    },
  );
}
