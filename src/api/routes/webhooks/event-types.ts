import { z } from 'zod';
import { webhookEventTypes } from '../../../shared/webhooks/rules/event-types.ts';
import type { App } from '../../http/app.ts';
import { pageOf, toPage } from '../../http/pages.ts';
import { component } from '../../openapi/components.ts';

const eventType = z.object({
  id: z.string(),
  object: z.literal('webhook_event_type'),
  description: z.string(),
});

/** `GET /v1/webhook_event_types`: what endpoints can listen to; always one page. */
export function listWebhookEventTypesRoute(app: App): void {
  const types = Object.entries(webhookEventTypes).map(([id, description]) => ({
    id,
    object: 'webhook_event_type' as const,
    description,
  }));
  app.get(
    '/v1/webhook_event_types',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWebhookEventTypes',
        tags: ['webhooks'],
        summary: 'The events that webhook endpoints can listen to',
        response: { 200: component('WebhookEventTypeList', pageOf(eventType)) },
      },
    },
    async () => toPage(types, types.length),
  );
}
