import { newId } from '../../../shared/ids.ts';
import { overQuota } from '../../../shared/platform/config/quotas.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import { insertEndpoint } from '../../../shared/webhooks/sql/endpoints.ts';
import {
  hintOfSecret,
  newWebhookSecret,
  sealEndpointSecret,
} from '../../../shared/webhooks/webhook-secret.ts';
import type { TargetPolicy } from '../../../shared/webhooks/webhook-target.ts';
import type { App } from '../../http/app.ts';
import { accountOf, limitOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { endpointRequest, newEndpointSchema, refuseBadUrl, toEndpoint } from './endpoint-object.ts';

export type EndpointDeps = { sql: Database; config: { secretsKey: SecretsKey; webhooks: TargetPolicy } };

/**
 * `POST /v1/webhook_endpoints`: a URL that is told about every event of some types. Its secret is shown this
 * once.
 */
export function createEndpoint(app: App, deps: EndpointDeps): void {
  app.post(
    '/v1/webhook_endpoints',
    {
      config: { scope: 'jobs' },
      schema: {
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
