import type {
  Tool as AnthropicTool,
  ToolChoice as AnthropicToolChoice,
  MessageCreateParamsNonStreaming,
  OutputConfig,
  ThinkingConfigParam,
} from '@anthropic-ai/sdk/resources/messages';
import { isBudgetClaude } from '../../shared/catalogue/model-traits.ts';
import type { ChatRequest, ReasoningEffort, Tool } from '../../shared/chat/chat.ts';
import { toAnthropicMessages, toSystemBlocks } from './anthropic-messages.ts';
import type { ProviderCall } from './provider.ts';
import { pickFields } from './read-field.ts';

/** Sampling settings exist only in API versions before 2026-10-21; see `anthropic.ts`. */
export type AnthropicBody = MessageCreateParamsNonStreaming & { temperature?: number; top_p?: number };

/**
 * The body for `POST /v1/messages` (SDK 1.12 `MessageCreateParamsBase`). Intake has refused what has no place
 * in it.
 */
export function toAnthropicRequest(call: ProviderCall): AnthropicBody {
  const { request } = call;
  const system = toSystemBlocks(request.messages);
  const hasTools = request.tools !== undefined && request.tools.length > 0;
  const outputConfig = toOutputConfig(call);
  const thinking = toThinking(call);
  const userId = request.safety_identifier ?? request.user;
  const stop = [request.stop ?? []].flat();
  return {
    model: call.model,
    max_tokens: call.maxOutputTokens,
    messages: toAnthropicMessages(request.messages),
    ...(system.length > 0 && { system }),
    ...(hasTools && {
      tools: (request.tools ?? []).map(toAnthropicTool),
      tool_choice: toToolChoice(request),
    }),
    ...(stop.length > 0 && { stop_sequences: stop }),
    ...(outputConfig !== null && { output_config: outputConfig }),
    ...(thinking !== null && { thinking }),
    ...(userId !== undefined && { metadata: { user_id: userId } }),
    ...toSampling(request),
  };
}

/** 1 is the default of both; sent, it would still be refused by models without the fields. */
function toSampling({ temperature, top_p }: ChatRequest): { temperature?: number; top_p?: number } {
  return {
    ...(temperature !== undefined && temperature !== 1 && { temperature }),
    ...(top_p !== undefined && top_p !== 1 && { top_p }),
  };
}

function toAnthropicTool(tool: Tool): AnthropicTool {
  const { name, description, parameters, strict } = tool.function;
  return {
    ...pickFields(tool.extra_content?.anthropic, ['cache_control']),
    name,
    ...(description !== undefined && { description }),
    input_schema: { ...parameters, type: 'object' },
    ...(strict === true && { strict }),
  };
}

function toToolChoice({ tool_choice: choice, parallel_tool_calls }: ChatRequest): AnthropicToolChoice {
  const single = parallel_tool_calls === false && { disable_parallel_tool_use: true };
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any', ...single };
  if (typeof choice === 'object') return { type: 'tool', name: choice.function.name, ...single };
  return { type: 'auto', ...single };
}

function toOutputConfig(call: ProviderCall): OutputConfig | null {
  const { response_format: format, reasoning_effort: effort } = call.request;
  const schema = format?.type === 'json_schema' ? format.json_schema.schema : undefined;
  const isAdaptive = thinks(effort) && !isBudgetClaude(call.model);
  if (schema === undefined && !isAdaptive) return null;
  return {
    ...(schema !== undefined && { format: { type: 'json_schema', schema } }),
    ...(isAdaptive && { effort: effort === 'minimal' ? 'low' : effort }),
  };
}

function thinks(effort: ReasoningEffort | undefined): effort is Exclude<ReasoningEffort, 'none'> {
  return effort !== undefined && effort !== 'none';
}

const leastBudget = 1024;
const budgets: Record<Exclude<ReasoningEffort, 'none'>, number> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
};

/**
 * Thinking comes out of `max_tokens`, so a budget takes at most three quarters of it and leaves room for an
 * answer. The API wants at least 1,024 and less than `max_tokens`; a bound without that room gets an answer
 * without thinking.
 */
function toThinking(call: ProviderCall): ThinkingConfigParam | null {
  const effort = call.request.reasoning_effort;
  if (effort === 'none') return isBudgetClaude(call.model) ? null : { type: 'disabled' };
  if (!thinks(effort)) return null;
  const { thinking_display: display } = call.request;
  const shown = display !== undefined && { display };
  if (!isBudgetClaude(call.model)) return { type: 'adaptive', ...shown };
  const budget = Math.min(budgets[effort], Math.max(leastBudget, Math.floor(call.maxOutputTokens * 0.75)));
  return budget < call.maxOutputTokens ? { type: 'enabled', budget_tokens: budget, ...shown } : null;
}
