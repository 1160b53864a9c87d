import type { MessageParam, OutputConfig, ThinkingConfigParam } from '@anthropic-ai/sdk/resources/messages';
import { isBudgetClaude } from '../../shared/catalogue/model-traits.ts';
import type { ReasoningEffort } from '../../shared/chat/chat.ts';
import { isThinking } from './anthropic-messages.ts';
import type { ProviderCall } from './provider.ts';

type Effort = Exclude<ReasoningEffort, 'none'>;

/** The schema of the answer, and the effort where the model is given one. */
export function toOutputConfig(call: ProviderCall): OutputConfig | null {
  const { response_format: format, reasoning_effort, effort_alone } = call.request;
  const schema = format?.type === 'json_schema' ? format.json_schema.schema : undefined;
  const effort = reasoning_effort === 'none' ? undefined : reasoning_effort;
  const isSent = effort !== undefined && (effort_alone === true || !isBudgetClaude(call.model));
  if (schema === undefined && !isSent) return null;
  return {
    ...(schema !== undefined && { format: { type: 'json_schema', schema } }),
    ...(isSent && { effort: effort === 'minimal' ? 'low' : effort }),
  };
}

const leastBudgetTokens = 1024;
const budgetTokens: Record<Effort, number> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
  max: 32_768,
};

/**
 * How much it thinks. A budget that was given is kept. One of ours takes at most three quarters of
 * `max_tokens`, which thinking comes out of, and leaves room for an answer. The API wants at least 1,024 and
 * less than `max_tokens`; a bound without that room gets an answer without thinking.
 */
export function toThinking(call: ProviderCall, messages: MessageParam[]): ThinkingConfigParam | null {
  const { reasoning_effort: effort, effort_alone, thinking_budget_tokens, thinking_display } = call.request;
  if (effort === 'none') return isBudgetClaude(call.model) ? null : { type: 'disabled' };
  if (effort === undefined || effort_alone === true) return null;
  const shown = thinking_display !== undefined && { display: thinking_display };
  if (!isBudgetClaude(call.model)) return { type: 'adaptive', ...shown };
  if (lacksThinking(messages)) return null;
  const roomTokens = Math.max(leastBudgetTokens, Math.floor(call.maxOutputTokens * 0.75));
  const budget = thinking_budget_tokens ?? Math.min(budgetTokens[effort], roomTokens);
  const isFit = budget >= leastBudgetTokens && budget < call.maxOutputTokens;
  return isFit ? { type: 'enabled', budget_tokens: budget, ...shown } : null;
}

/**
 * Whether the turn whose tools were just answered does not begin with thinking: its client has not kept it,
 * or another model called. With a budget the API answers "Expected `thinking` or `redacted_thinking`";
 * without one it goes on. Claude thinks once in a turn, before the first of its calls, and wants that kept
 * (Anthropic's page on extended thinking with tools; BerriAI/litellm 18926).
 */
export function lacksThinking(messages: MessageParam[]): boolean {
  const last = messages.at(-1);
  if (last === undefined || !isResult(last)) return false;
  const asked = messages.findLastIndex((message) => message.role === 'user' && !isResult(message));
  const first = messages.slice(asked + 1).find(({ role }) => role === 'assistant')?.content;
  return !(Array.isArray(first) && first[0] !== undefined && isThinking(first[0]));
}

function isResult({ role, content }: MessageParam): boolean {
  return role === 'user' && Array.isArray(content) && content.some(({ type }) => type === 'tool_result');
}
