import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { replaceEndpointSecret } from '../../../shared/webhooks/sql/endpoints.ts';
import {
  hintOfSecret,
  newWebhookSecret,
  sealEndpointSecret,
} from '../../../shared/webhooks/webhook-secret.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import type { EndpointDeps } from './create-endpoint.ts';
import { newEndpointSchema, toEndpoint } from './endpoint-object.ts';

const overlapSeconds = 24 * 3600;
const rotation = z.strictObject({ keep_old_secret_active_for_24_hours: z.boolean().default(true) });

/**
 * `POST /v1/webhook_endpoints/{id}/rotate_secret`: a new secret, shown this once. For 24 hours webhooks are
 * signed with it and with the one before, unless that one is to end at once.
 */
export function rotateEndpointSecret(app: App, deps: EndpointDeps): void {
  app.post(
    '/v1/webhook_endpoints/:id/rotate_secret',
    {
      config: { scope: 'jobs' },
      schema: {
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
