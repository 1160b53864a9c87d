import { isFinal } from '../../src/shared/jobs/rules/job.ts';
import type { PostResult } from '../../src/shared/webhooks/rules/delivery.ts';
import type { Delivery } from './records.ts';
import type { World } from './world.ts';

type PostOutcome = Pick<PostResult, 'outcome' | 'statusCode' | 'retryAfterMs'>;

/** Whoever the webhooks are for: keeps the bytes of each event it took, and looks whether they change. */
export function postDelivery(world: World, { job, eventId, body, isGone }: Delivery): PostOutcome {
  if (!isFinal(job.core.state)) world.violate('no webhook is sent for a job that is not final', eventId, job);
  if (isGone) return { outcome: 'failed', statusCode: 410, retryAfterMs: null };
  if (world.meets('receiverFails')) return { outcome: 'failed', statusCode: 500, retryAfterMs: null };
  const before = world.received.get(eventId);
  if (before !== undefined && before !== body) {
    world.violate('every try of a delivery sends the same bytes', eventId, job);
  }
  world.received.set(eventId, body);
  world.note(job, eventId, 'was received');
  if (world.meets('receiverUnanswered')) return { outcome: 'failed', statusCode: null, retryAfterMs: null };
  return { outcome: 'delivered', statusCode: 200, retryAfterMs: null };
}
