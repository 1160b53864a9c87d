import { z } from 'zod';
import { refusals } from '../../../shared/errors.ts';
import { component } from '../components.ts';

const types = Object.keys(refusals);

/** Every refusal, but to clients of Anthropic's shape: flat fields, and `error` for OpenAI's SDKs. */
export const refusalSchema = component(
  'ErrorBody',
  z
    .object({
      detail: z.string().describe('What is wrong, and what mends it'),
      code: z.int().describe('The HTTP status'),
      error_type: z.enum(types),
      request_id: z.string(),
      errors: z
        .array(z.object({ param: z.string(), message: z.string() }))
        .optional()
        .describe('What is wrong with which field, at most a hundred'),
      errors_total: z.int().optional().describe('How many there are, when not all are listed'),
      error: z.object({
        message: z.string(),
        type: z.string().describe("The same as error_type; on paths of OpenAI's API, its word"),
        code: z.string(),
        param: z.string().nullable(),
      }),
    })
    .catchall(z.string().describe('Figures of the refusal, such as `quota`, `limit`, `required`')),
);

/** The same as Anthropic's SDK reads it. */
export const anthropicRefusalSchema = component(
  'AnthropicErrorBody',
  z.object({
    type: z.literal('error'),
    error: z.object({
      type: z.string(),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
    request_id: z.string(),
  }),
);
