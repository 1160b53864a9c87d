import { z } from 'zod';
import { component } from '../components.ts';

const extraContent = z
  .looseObject({})
  .describe('Blocks of the provider, which it wants back with the next turn');

const called = { id: z.string(), extra_content: extraContent.optional() };

const toolCall = z.discriminatedUnion('type', [
  z.looseObject({
    ...called,
    type: z.literal('function'),
    function: z.looseObject({
      name: z.string(),
      arguments: z.string().describe('JSON, as the model wrote it'),
    }),
  }),
  z.looseObject({
    ...called,
    type: z.literal('custom'),
    custom: z.looseObject({ name: z.string(), input: z.string().describe('Free text') }),
  }),
]);

const usage = z.looseObject({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.looseObject({ cached_tokens: z.int(), cache_write_tokens: z.int() }),
  completion_tokens_details: z.looseObject({ reasoning_tokens: z.int() }),
});

/** The `ChatCompletion` of OpenAI's SDK, and the `result` of a job. */
export const chatCompletionSchema = component(
  'ChatCompletion',
  z.looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int().describe('Unix seconds'),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.int(),
        message: z.looseObject({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          refusal: z.string().nullable(),
          tool_calls: z.array(toolCall).optional(),
          extra_content: extraContent.optional(),
        }),
        logprobs: z.unknown(),
        finish_reason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']),
      }),
    ),
    usage: usage.optional(),
  }),
);
