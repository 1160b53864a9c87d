import { z } from 'zod';
import { webhookEventNames, webhookEventTypes } from '../../../shared/webhooks/rules/event-types.ts';
import type { App } from '../../http/app.ts';
import { component } from '../../openapi/components.ts';

const meanings = Object.entries(webhookEventTypes).map(([name, meaning]) => `${name}: ${meaning}`);

const eventTypeList = component(
  'WebhookEventTypeList',
  z.object({
    object: z.literal('list'),
    data: z.array(z.string()).describe(meanings.join('. ')),
  }),
);

/**
 * `GET /v1/webhook_event_types`: the names of what endpoints can listen to, as OpenAI's SDK (7.59
 * `WebhookEventTypeList`) reads them.
 */
export function listWebhookEventTypesRoute(app: App): void {
  app.get(
    '/v1/webhook_event_types',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWebhookEventTypes',
        tags: ['webhooks'],
        summary: 'The events that webhook endpoints can listen to',
        response: { 200: eventTypeList },
      },
    },
    async () => ({ object: 'list' as const, data: webhookEventNames }),
  );
}
