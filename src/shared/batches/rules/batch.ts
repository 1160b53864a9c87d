import type { NanoUsd } from '../../money/rules/money.ts';

export type BatchEnd = 'completed' | 'failed' | 'expired' | 'cancelled';
export type BatchState = 'validating' | 'in_progress' | 'finalizing' | 'cancelling' | BatchEnd;

/** Whose shape a batch has. */
export type BatchKind = 'openai' | 'anthropic';

/** The calls a line of an uploaded file may make. */
export const batchEndpoints = ['/v1/chat/completions', '/v1/responses'] as const;
export type BatchEndpointName = (typeof batchEndpoints)[number] | '/v1/messages';

/**
 * Why a whole batch was refused; the codes are OpenAI's, but `invalid_custom_id`, `insufficient_funds` and
 * `processing_failed` are ours.
 */
export type BatchFault = {
  code:
    | 'invalid_json_line'
    | 'missing_custom_id'
    | 'invalid_custom_id'
    | 'duplicate_custom_id'
    | 'url_mismatch'
    | 'empty_file'
    | 'too_many_tasks'
    | 'input_file_missing'
    | 'insufficient_funds'
    | 'processing_failed';
  line: number | null;
  message: string;
  param: string | null;
};

/** A batch as it stands. */
export type BatchRecord = {
  id: string;
  accountId: string;
  kind: BatchKind;
  state: BatchState;
  endpoint: BatchEndpointName;
  inputFileId: string;
  /** How many lines it was given with; null where only reading its file shows it. */
  asked: number | null;
  outputFileId: string | null;
  errorFileId: string | null;
  webhookUrl: string | null;
  metadata: Record<string, string> | null;
  /** How long its files are kept after they were made; null when nothing was said. */
  outputExpiresSeconds: number | null;
  errors: BatchFault[] | null;
  total: number;
  completed: number;
  failed: number;
  cancelled: number;
  expired: number;
  chargeNano: NanoUsd;
  promptTokens: bigint;
  cachedTokens: bigint;
  completionTokens: bigint;
  reasoningTokens: bigint;
  createdAt: Date;
  expiresAt: Date;
  inProgressAt: Date | null;
  cancellingAt: Date | null;
  finalizingAt: Date | null;
  finishedAt: Date | null;
};

/** How many lines have ended, each in one way. */
export function endedLines(
  batch: Pick<BatchRecord, 'completed' | 'failed' | 'cancelled' | 'expired'>,
): number {
  return batch.completed + batch.failed + batch.cancelled + batch.expired;
}

const seconds = (date: Date | null) => (date === null ? null : Math.floor(date.getTime() / 1000));

/**
 * The `Batch` of OpenAI's SDK (6.49). A line that expired counts as failed, one that was cancelled as
 * neither.
 */
export function toBatchObject(batch: BatchRecord) {
  const endedAs = (state: BatchEnd) => (batch.state === state ? seconds(batch.finishedAt) : null);
  const isOver = batch.finishedAt !== null;
  return {
    id: batch.id,
    object: 'batch' as const,
    endpoint: batch.endpoint,
    model: null,
    errors: batch.errors === null ? null : { object: 'list' as const, data: batch.errors },
    input_file_id: batch.inputFileId,
    completion_window: '24h',
    status: batch.state,
    output_file_id: isOver ? batch.outputFileId : null,
    error_file_id: isOver ? batch.errorFileId : null,
    created_at: seconds(batch.createdAt) ?? 0,
    in_progress_at: seconds(batch.inProgressAt),
    expires_at: seconds(batch.expiresAt),
    finalizing_at: seconds(batch.finalizingAt),
    completed_at: endedAs('completed'),
    failed_at: endedAs('failed'),
    expired_at: endedAs('expired'),
    cancelling_at: seconds(batch.cancellingAt),
    cancelled_at: endedAs('cancelled'),
    request_counts: {
      total: batch.total,
      completed: batch.completed,
      failed: batch.failed + batch.expired,
    },
    usage: {
      input_tokens: Number(batch.promptTokens),
      input_tokens_details: { cached_tokens: Number(batch.cachedTokens) },
      output_tokens: Number(batch.completionTokens),
      output_tokens_details: { reasoning_tokens: Number(batch.reasoningTokens) },
      total_tokens: Number(batch.promptTokens + batch.completionTokens),
    },
    metadata: batch.metadata,
  };
}
