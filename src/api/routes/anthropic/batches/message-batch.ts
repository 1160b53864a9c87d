import type { FastifyRequest } from 'fastify';
import type { BatchRecord } from '../../../../shared/batches/rules/batch.ts';

/**
 * The `MessageBatch` of Anthropic's SDK (1.12). Every request counts as processing until the whole batch has
 * ended. Those of a batch that never began, for want of money or because it was stopped, end with it.
 */
export function toMessageBatch(batch: BatchRecord, request: FastifyRequest) {
  const asked = batch.asked ?? batch.total;
  const isEnded = batch.finishedAt !== null;
  const unbegun = isEnded ? asked - batch.total : 0;
  const count = (ended: number, state: BatchRecord['state']) =>
    isEnded ? ended + (batch.state === state ? unbegun : 0) : 0;
  return {
    id: batch.id,
    type: 'message_batch' as const,
    processing_status: statusOf(batch),
    request_counts: {
      processing: isEnded ? 0 : asked,
      succeeded: count(batch.completed, 'completed'),
      errored: count(batch.failed, 'failed'),
      canceled: count(batch.cancelled, 'cancelled'),
      expired: count(batch.expired, 'expired'),
    },
    created_at: batch.createdAt.toISOString(),
    expires_at: batch.expiresAt.toISOString(),
    cancel_initiated_at: batch.cancellingAt?.toISOString() ?? null,
    ended_at: batch.finishedAt?.toISOString() ?? null,
    archived_at: null,
    results_url: isEnded ? request.linkTo(`/v1/messages/batches/${batch.id}/results`) : null,
  };
}

function statusOf({ state, finishedAt }: BatchRecord): 'in_progress' | 'canceling' | 'ended' {
  if (finishedAt !== null) return 'ended';
  return state === 'cancelling' ? 'canceling' : 'in_progress';
}
