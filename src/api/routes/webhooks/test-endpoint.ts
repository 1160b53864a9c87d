import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { newId } from '../../../shared/ids.ts';
import { testEvent, webhookEventNames } from '../../../shared/webhooks/rules/event-types.ts';
import { type SendDeps, sendWebhook } from '../../../shared/webhooks/send-webhook.ts';
import {
  findEndpoint,
  findEndpointSecrets,
  type WebhookEndpoint,
} from '../../../shared/webhooks/sql/endpoints.ts';
import { openEndpointSecret } from '../../../shared/webhooks/webhook-secret.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';
import type { EndpointDeps } from './endpoints.ts';

const trial = component(
  'WebhookEndpointTest',
  z.object({
    object: z.literal('webhook_endpoint.test'),
    webhook_endpoint_id: z.string(),
    event_type: z.string(),
    success: z.boolean(),
    status_code: z.number().int().nullable(),
    error: z
      .string()
      .nullable()
      .describe(
        'A word when no status came, such as timeout, or ssrf_blocked: the host has no address that webhooks may go to',
      ),
    duration_ms: z.number().int(),
  }),
);

/**
 * `POST /v1/webhook_endpoints/{id}/test`: posts an event that did not happen, once and now, signed as any
 * other, and answers with what came of it. It is no delivery: nothing is tried again, and the endpoint's
 * health does not depend on it.
 */
export function testWebhookEndpointRoute(app: App, deps: EndpointDeps & { sending: SendDeps }): void {
  app.post(
    '/v1/webhook_endpoints/:id/test',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'testWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Post a test event to a webhook endpoint',
        params: idParams,
        body: z.strictObject({
          event_type: z.enum(webhookEventNames, { error: 'must be one of GET /v1/webhook_event_types' }),
        }),
        response: { 200: trial },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const work = async () => {
        const endpoint = await findEndpoint(deps.sql, accountId, request.params.id);
        if (endpoint === null) throw notFound('webhook endpoint');
        return { status: 200, body: await tryOnce(deps, request, endpoint) };
      };
      return await idempotent(request, reply, deps, work, { outside: true });
    },
  );
}

async function tryOnce(
  deps: EndpointDeps & { sending: SendDeps },
  { body, signal }: { body: { event_type: Parameters<typeof testEvent>[0]['type'] }; signal: AbortSignal },
  { id, url }: Pick<WebhookEndpoint, 'id' | 'url'>,
): Promise<z.output<typeof trial>> {
  const type = body.event_type;
  const sealed = await findEndpointSecrets(deps.sql, id);
  const eventId = newId('evt');
  const result = await sendWebhook(deps.sending, {
    url,
    eventId,
    text: testEvent({ eventId, type, createdAt: new Date() }),
    secrets: sealed.map((one) => openEndpointSecret(deps.config.secretsKey, id, one)),
    signal,
  });
  return {
    object: 'webhook_endpoint.test',
    webhook_endpoint_id: id,
    event_type: type,
    success: result.outcome === 'delivered',
    status_code: result.statusCode,
    error: result.error,
    duration_ms: result.durationMs,
  };
}
