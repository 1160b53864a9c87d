import type { ChatCompletion, Choice, ExtraContent, FinishReason, ToolCall } from '../../shared/chat/chat.ts';
import { toCompletionUsage, type Usage } from '../../shared/chat/usage.ts';

/** What every upstream's answer is brought to before it becomes a completion. */
export type ChoiceParts = {
  index: number;
  text: string;
  refusal?: string | null;
  toolCalls: ToolCall[];
  finishReason: FinishReason;
  logprobs?: unknown;
  extraContent?: ExtraContent | undefined;
};

/** `content` is null only when there is a tool call or a refusal and no text, as OpenAI does. */
export function buildChoice(parts: ChoiceParts): Choice {
  const refusal = parts.refusal ?? null;
  const isTextless = parts.text === '' && (parts.toolCalls.length > 0 || refusal !== null);
  return {
    index: parts.index,
    message: {
      role: 'assistant',
      content: isTextless ? null : parts.text,
      refusal,
      ...(parts.toolCalls.length > 0 && { tool_calls: parts.toolCalls }),
      ...(parts.extraContent !== undefined && { extra_content: parts.extraContent }),
    },
    logprobs: parts.logprobs ?? null,
    finish_reason: parts.finishReason,
  };
}

/** `model` is the gateway's resolved id, not the upstream's name for a snapshot of it. */
export function buildCompletion(
  head: { id: string | null | undefined; created?: number | null; model: string },
  choices: Choice[],
  usage: Usage | null,
): ChatCompletion {
  return {
    id: head.id || `chatcmpl-${crypto.randomUUID().replaceAll('-', '')}`,
    object: 'chat.completion',
    created: head.created ?? Math.floor(Date.now() / 1000),
    model: head.model,
    choices,
    ...(usage !== null && { usage: toCompletionUsage(usage) }),
  };
}
