import { z } from 'zod';

/** Request fields that change no answer: sent only to a server that takes them. */
const hintNames = ['user', 'safety_identifier', 'prompt_cache_key', 'verbosity'] as const;

/**
 * What a server of PROVIDERS_FILE takes and what it does not, where it differs from the plain subset that
 * nearly all servers with OpenAI's wire have in common.
 */
export const quirksSchema = z.strictObject({
  /** It knows the role `developer`; others get `system`. */
  developer_role: z.boolean().optional(),
  /** It wants its output bound as `max_completion_tokens`, as OpenAI and Azure do. */
  max_completion_tokens: z.boolean().optional(),
  /** False: it refuses `stream_options`, and reports usage unasked or not at all. */
  stream_options: z.boolean().optional(),
  /** The hints it takes; `["user"]` when it is left out. */
  hints: z.array(z.enum(hintNames)).optional(),
  /** True: texts may come as lists of parts, with their cache marks. */
  content_parts: z.boolean().optional(),
  /** False: it refuses `strict` in a tool. */
  strict_tools: z.boolean().optional(),
  /** False: it refuses `parallel_tool_calls`; the gateway keeps the first call by itself. */
  parallel_tool_calls: z.boolean().optional(),
  /** False: it refuses `reasoning_content` in an earlier turn. */
  reasoning_content: z.boolean().optional(),
  /** Ids of tool calls must have exactly so many letters and digits (Mistral: 9). */
  tool_call_id_length: z.int().min(6).max(64).optional(),
});

export type Quirks = z.infer<typeof quirksSchema>;
