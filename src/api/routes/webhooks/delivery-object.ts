import { z } from 'zod';
import type { DeliveryRow } from '../../../shared/webhooks/sql/deliveries.ts';
import { component } from '../../openapi/components.ts';

export const deliverySchema = component(
  'Delivery',
  z.object({
    id: z.string(),
    object: z.literal('delivery'),
    event_id: z.string().describe('The webhook-id, the same on every try and replay'),
    event_type: z.string(),
    job_id: z.string().nullable(),
    batch_id: z.string().nullable(),
    endpoint_id: z.string().nullable(),
    url: z.string(),
    status: z.enum(['pending', 'delivered', 'exhausted', 'held']),
    attempts: z.array(
      z.object({
        at: z.string(),
        outcome: z.string().describe('started, delivered, failed, blocked or unknown'),
        status_code: z.number().int().nullable(),
        error: z.string().nullable(),
        duration_ms: z.number().int().nullable(),
        remote_ip: z.string().nullable(),
      }),
    ),
    next_attempt_at: z.string().nullable(),
    created_at: z.string(),
  }),
);

/** A delivery with every attempt. */
export function toDelivery(row: DeliveryRow): z.output<typeof deliverySchema> {
  return {
    id: row.id,
    object: 'delivery',
    event_id: row.eventId,
    event_type: row.eventType,
    job_id: row.jobId,
    batch_id: row.batchId,
    endpoint_id: row.endpointId,
    url: row.url,
    status: row.state,
    attempts: row.attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
    next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}
