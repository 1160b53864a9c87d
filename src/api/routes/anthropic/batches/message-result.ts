import type { BatchFault, BatchState } from '../../../../shared/batches/rules/batch.ts';
import { anthropicTypeOf } from '../../../http/problem.ts';

/** A line of an output or error file, as batches write them. */
export type FileLine = {
  custom_id: string;
  response: { status_code: number; request_id: string; body: unknown } | null;
  error: { code: string; message: string } | null;
};

/** One line of the results of a message batch: `MessageBatchIndividualResponse` of Anthropic's SDK (1.12). */
export type MessageResult = { custom_id: string; result: object };

/** What a request came to. */
export function toMessageResult({ custom_id, response, error }: FileLine): MessageResult {
  if (response?.status_code === 200)
    return { custom_id, result: { type: 'succeeded', message: response.body } };
  if (error?.code === 'batch_expired') return { custom_id, result: { type: 'expired' } };
  if (error?.code === 'batch_cancelled') return { custom_id, result: { type: 'canceled' } };
  const body = response?.body as { error?: { message?: string } } | undefined;
  const message = body?.error?.message ?? error?.message ?? 'the request failed';
  const type = anthropicTypeOf(response?.status_code ?? 500);
  return { custom_id, result: errored(type, message, response?.request_id ?? null) };
}

/** What a request of a batch that never began came to. */
export function toUnbegunResult(
  custom_id: string,
  state: BatchState,
  fault: BatchFault | null,
): MessageResult {
  if (state === 'expired') return { custom_id, result: { type: 'expired' } };
  if (state === 'cancelled') return { custom_id, result: { type: 'canceled' } };
  return { custom_id, result: errored(typeOf(fault), fault?.message ?? 'the batch was refused', null) };
}

function typeOf(fault: BatchFault | null): string {
  if (fault?.code === 'insufficient_funds') return 'billing_error';
  return fault?.code === 'processing_failed' ? 'api_error' : 'invalid_request_error';
}

function errored(type: string, message: string, requestId: string | null) {
  return { type: 'errored', error: { type: 'error', request_id: requestId, error: { type, message } } };
}
