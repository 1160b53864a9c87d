import type { FinishReason } from '../../shared/chat/chat.ts';

/**
 * The words of servers with OpenAI's wire, in small letters: OpenAI's own, those of other dialects that
 * aggregators pass on (Anthropic, Gemini, Cohere), Mistral's `model_length`, Zhipu's `sensitive`.
 */
const words: Record<FinishReason, string[]> = {
  stop: ['stop'],
  length: ['length', 'max_tokens', 'max_output_tokens', 'model_length', 'model_context_window_exceeded'],
  tool_calls: ['tool_calls', 'tool_call', 'tool_use', 'function_call'],
  content_filter: [
    'content_filter',
    'content_filtered',
    'refusal',
    'safety',
    'sensitive',
    'recitation',
    'prohibited_content',
    'blocklist',
    'spii',
    'guardrail_intervened',
    'error_toxic',
  ],
};

/**
 * Words that say that the answer broke off for a fault of the server's: OpenRouter's `error`, Zhipu's
 * `network_error`, DeepSeek's `insufficient_system_resource`, the `abort` of vLLM and SGLang.
 */
const faults = ['error', 'network_error', 'insufficient_system_resource', 'abort', 'aborted'];

/** Null when there is none yet; a word we do not know still says that the model came to its end. */
export function toFinishReason(reported: unknown): FinishReason | null {
  if (typeof reported !== 'string' || reported === '') return null;
  return reasonOfWord.get(reported.toLowerCase()) ?? 'stop';
}

const reasonOfWord = new Map(
  (Object.keys(words) as FinishReason[]).flatMap((reason) => words[reason].map((word) => [word, reason])),
);

/** Whether this finish reason is an error by another name. */
export function isFault(reported: unknown): reported is string {
  return typeof reported === 'string' && faults.includes(reported.toLowerCase());
}
