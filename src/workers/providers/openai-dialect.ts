import type { Quirks } from '../../shared/catalogue/quirks.ts';

/** What tells servers with OpenAI's wire apart. */
export type OpenaiDialect = {
  maxTokensField: 'max_completion_tokens' | 'max_tokens';
  takesDeveloper: boolean;
  /** Instructions, and several turns of one role, may stand anywhere. */
  takesTurnsAnywhere: boolean;
  takesStreamOptions: boolean;
  /** Request fields that change no answer, as far as it takes them. */
  hints: readonly string[];
  /** A text may be a list of parts. */
  takesTextParts: boolean;
  /** Parts may carry the marks of a cache. */
  takesCacheMarks: boolean;
  takesStrictTools: boolean;
  /** Always, only where it asks for something, or never, where it is refused. */
  sendsParallel: 'always' | 'when_false' | 'never';
  takesCustomTools: boolean;
  /** It takes every field that OpenAI's API documents. */
  takesAllFields: boolean;
  takesReasoning: boolean;
  /** A refusal has a field of its own in an earlier turn. */
  takesRefusal: boolean;
  /** Which ids of tool calls it takes. */
  callIds: { lengthMax: number } | { length: number } | null;
};

/** OpenAI itself; it refuses ids of more than 40 characters ("string too long", `tool_call_id`). */
export const openaiDialect: OpenaiDialect = {
  maxTokensField: 'max_completion_tokens',
  takesDeveloper: true,
  takesTurnsAnywhere: true,
  takesStreamOptions: true,
  hints: ['user', 'safety_identifier', 'prompt_cache_key', 'verbosity'],
  takesTextParts: true,
  takesCacheMarks: false,
  takesStrictTools: true,
  sendsParallel: 'always',
  takesCustomTools: true,
  takesAllFields: true,
  takesReasoning: false,
  takesRefusal: true,
  callIds: { lengthMax: 40 },
};

/**
 * A server that copies OpenAI's wire: the plain subset that nearly all have, but for its quirks. DashScope,
 * DeepSeek and many templates know no developer role (Portkey-AI/gateway#824); Groq, Cerebras and Mistral
 * refuse fields they do not know; many templates take texts only, not lists of parts, an instruction as the
 * first message only (Qwen's: vllm-project/vllm#41114), and no two turns of a user's in a row (Gemma's).
 */
export function compatibleDialect(quirks: Quirks = {}): OpenaiDialect {
  const { tool_call_id_length: length } = quirks;
  return {
    maxTokensField: quirks.max_completion_tokens === true ? 'max_completion_tokens' : 'max_tokens',
    takesDeveloper: quirks.developer_role === true,
    takesTurnsAnywhere: quirks.developer_role === true,
    takesStreamOptions: quirks.stream_options !== false,
    hints: quirks.hints ?? ['user'],
    takesTextParts: quirks.content_parts === true,
    takesCacheMarks: quirks.content_parts === true,
    takesStrictTools: quirks.strict_tools !== false,
    sendsParallel: quirks.parallel_tool_calls === false ? 'never' : 'when_false',
    takesCustomTools: false,
    takesAllFields: false,
    takesReasoning: quirks.reasoning_content !== false,
    takesRefusal: false,
    callIds: length === undefined ? null : { length },
  };
}
