import type { DeliveryRow } from '../../../shared/sql/deliveries.ts';

/** A delivery on the wire. */
export function toDelivery(row: DeliveryRow) {
  return {
    id: row.id,
    object: 'delivery' as const,
    event_id: row.event_id,
    event_type: row.event_type,
    url: row.url,
    endpoint_id: row.endpoint_id,
    status: row.state,
    attempts: row.attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
