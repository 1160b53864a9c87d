import { formatUsd } from '../../money/rules/money.ts';
import { type BatchRecord, toBatchObject } from './batch.ts';

/** The bytes that report the end of a batch: the fields of every event of ours, and how its lines ended. */
export function batchEvent(eventId: string, batch: BatchRecord): string {
  const object = toBatchObject(batch);
  const data = {
    id: batch.id,
    object: 'batch',
    status: batch.state,
    model: null,
    usage: object.usage,
    charge_usd: formatUsd(batch.chargeNano),
    error: batch.errors?.[0] ?? null,
    batch_id: batch.id,
    metadata: batch.metadata ?? {},
    request_counts: object.request_counts,
  };
  const created_at = Math.floor((batch.finishedAt ?? batch.createdAt).getTime() / 1000);
  return JSON.stringify({ id: eventId, object: 'event', type: `batch.${batch.state}`, created_at, data });
}
