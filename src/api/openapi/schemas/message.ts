import { z } from 'zod';
import { component } from '../components.ts';

/** The `Message` of Anthropic's SDK: the object of `toAnthropicMessage`. */
export const messageSchema = component(
  'Message',
  z.looseObject({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string(),
    content: z.array(z.looseObject({ type: z.string() })),
    stop_reason: z.enum(['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'refusal']).nullable(),
    stop_sequence: z.string().nullable(),
    usage: z.looseObject({
      input_tokens: z.int(),
      output_tokens: z.int(),
      cache_creation_input_tokens: z.int(),
      cache_read_input_tokens: z.int(),
    }),
  }),
);

export const tokenCountSchema = component('TokenCount', z.object({ input_tokens: z.int() }));

/** The `MessageBatch` of Anthropic's SDK: the object of `toMessageBatch`. */
export const messageBatchObjectSchema = component(
  'MessageBatch',
  z.object({
    id: z.string(),
    type: z.literal('message_batch'),
    processing_status: z.enum(['in_progress', 'canceling', 'ended']),
    request_counts: z.object({
      processing: z.int(),
      succeeded: z.int(),
      errored: z.int(),
      canceled: z.int(),
      expired: z.int(),
    }),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    cancel_initiated_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
    archived_at: z.null(),
    results_url: z.string().nullable(),
  }),
);

export const messageBatchListSchema = component(
  'MessageBatchList',
  z.object({
    data: z.array(messageBatchObjectSchema),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  }),
);

export const deletedMessageBatchSchema = component(
  'DeletedMessageBatch',
  z.object({ id: z.string(), type: z.literal('message_batch_deleted') }),
);
