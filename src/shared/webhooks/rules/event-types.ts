/** Every event that webhooks report, and when it happens. */
export const webhookEventTypes = {
  'job.succeeded': 'A job has its result',
  'job.failed': 'A job ended without a result',
  'job.cancelled': 'A job was cancelled',
  'job.expired': 'A job did not end before its deadline',
  'batch.completed': 'Every line of a batch has ended',
  'batch.failed': 'A batch was refused as a whole',
  'batch.expired': 'A batch did not end in its time',
  'batch.cancelled': 'A batch was cancelled',
  'response.completed': 'A background response is complete',
  'response.failed': 'A background response failed',
  'response.cancelled': 'A background response was cancelled',
  'response.incomplete': 'A background response was cut short',
} as const;

export type WebhookEventType = keyof typeof webhookEventTypes;

/** All of them, as a tuple of at least one. */
export const webhookEventNames = Object.keys(webhookEventTypes) as [WebhookEventType, ...WebhookEventType[]];

/** The bytes of an event that did not happen, to try an endpoint with: `data.id` ends in `_test`. */
export function testEvent(event: { eventId: string; type: WebhookEventType; createdAt: Date }): string {
  const { eventId, type, createdAt } = event;
  const [object = ''] = type.split('.');
  const created_at = Math.floor(createdAt.getTime() / 1000);
  return JSON.stringify({
    id: eventId,
    object: 'event',
    type,
    created_at,
    data: { id: `${object}_test`, object },
  });
}
