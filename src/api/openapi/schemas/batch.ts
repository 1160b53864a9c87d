import { z } from 'zod';
import { pageOf } from '../../http/pages.ts';
import { component } from '../components.ts';

const states = [
  'validating',
  'in_progress',
  'finalizing',
  'cancelling',
  'completed',
  'failed',
  'expired',
  'cancelled',
] as const;

const faults = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      code: z.string(),
      line: z.int().nullable(),
      message: z.string(),
      param: z.string().nullable(),
    }),
  ),
});

const seconds = z.int().describe('Unix seconds');

/** The `Batch` of OpenAI's SDK: the object of `toBatchObject`. */
export const batchSchema = component(
  'Batch',
  z.object({
    id: z.string(),
    object: z.literal('batch'),
    endpoint: z.string(),
    model: z.null(),
    errors: faults.nullable(),
    input_file_id: z.string(),
    completion_window: z.string(),
    status: z.enum(states),
    output_file_id: z.string().nullable(),
    error_file_id: z.string().nullable(),
    created_at: seconds,
    in_progress_at: seconds.nullable(),
    expires_at: seconds.nullable(),
    finalizing_at: seconds.nullable(),
    completed_at: seconds.nullable(),
    failed_at: seconds.nullable(),
    expired_at: seconds.nullable(),
    cancelling_at: seconds.nullable(),
    cancelled_at: seconds.nullable(),
    request_counts: z.object({ total: z.int(), completed: z.int(), failed: z.int() }),
    usage: z.object({
      input_tokens: z.int(),
      input_tokens_details: z.object({ cached_tokens: z.int() }),
      output_tokens: z.int(),
      output_tokens_details: z.object({ reasoning_tokens: z.int() }),
      total_tokens: z.int(),
    }),
    metadata: z.record(z.string(), z.string()).nullable(),
  }),
);

export const batchListSchema = component('BatchList', pageOf(batchSchema));

/** What a batch of a file would hold, and what of it would be refused. */
export const batchEstimateSchema = component(
  'BatchEstimate',
  z.object({
    object: z.literal('batch.estimate'),
    hold_usd: z.string(),
    request_counts: z.object({ total: z.int(), accepted: z.int(), refused: z.int() }),
    refused: z.array(z.object({ line: z.int(), custom_id: z.string(), error: z.unknown() })),
    errors: faults.nullable(),
  }),
);
