import { z } from 'zod';
import { invalid } from '../../../shared/errors.ts';
import { webhookEventNames } from '../../../shared/webhooks/rules/event-types.ts';
import type { WebhookEndpoint } from '../../../shared/webhooks/sql/endpoints.ts';
import { checkWebhookUrl, type TargetPolicy } from '../../../shared/webhooks/webhook-target.ts';
import { component, documentedAs, webhookUrl } from '../../openapi/components.ts';

/** OpenAI's object; `status`, `disabled_reason` and `failing_since` are ours. */
export const endpointSchema = component(
  'WebhookEndpoint',
  z.object({
    id: z.string(),
    object: z.literal('webhook_endpoint'),
    name: z.string(),
    url: z.string(),
    event_types: z.array(z.string()),
    created_at: z.number().int().describe('Unix seconds'),
    updated_at: z.number().int().nullable(),
    signing_secret_hint: z.string().nullable(),
    status: z.enum(['enabled', 'disabled']),
    disabled_reason: z
      .enum(['gone', 'failing', 'requested'])
      .nullable()
      .describe('It answered 410, did nothing but fail for days, or was disabled on request'),
    failing_since: z.string().nullable().describe('The first failure after its last success'),
  }),
);

/** The same with its secret: shown once, when it is made. */
export const newEndpointSchema = component(
  'NewWebhookEndpoint',
  endpointSchema.extend({ signing_secret: z.string() }),
);

const name = z.string().trim().min(1).max(200);
const url = documentedAs(z.string().min(1).max(2048), webhookUrl);
const eventTypes = z
  .array(z.enum(webhookEventNames, { error: 'must be one of GET /v1/webhook_event_types' }))
  .min(1)
  .max(100)
  .transform((types) => [...new Set(types)]);

export const endpointRequest = z.strictObject({ name, url, event_types: eventTypes });

export const endpointChange = z.strictObject({
  name: name.optional(),
  url: url.optional(),
  event_types: eventTypes.optional(),
  status: z.enum(['enabled', 'disabled']).optional(),
});

/** An endpoint without its secrets. */
export function toEndpoint(endpoint: WebhookEndpoint): z.output<typeof endpointSchema> {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    name: endpoint.name,
    url: endpoint.url,
    event_types: endpoint.eventTypes,
    created_at: toUnixSeconds(endpoint.createdAt),
    updated_at: endpoint.updatedAt === null ? null : toUnixSeconds(endpoint.updatedAt),
    signing_secret_hint: endpoint.secretHint,
    status: endpoint.state,
    disabled_reason: endpoint.disabledReason,
    failing_since: endpoint.failingSince?.toISOString() ?? null,
  };
}

/** Throws a 422 when no webhook may be sent to this URL. */
export function refuseBadUrl(given: string, policy: TargetPolicy): void {
  const problem = checkWebhookUrl(given, policy);
  if (problem !== null) throw invalid([{ param: 'url', message: problem.message }]);
}

function toUnixSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
