import type { ChatCompletion, Choice, ExtraContent, FinishReason, ToolCall } from '../../shared/chat/chat.ts';
import { toCompletionUsage, type Usage } from '../../shared/chat/usage.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** What every upstream's answer is brought to before it becomes a completion. */
export type ChoiceParts = {
  index: number;
  text: string;
  refusal?: string | null;
  /** What it thought, as text. */
  reasoning?: string;
  toolCalls: ToolCall[];
  finishReason: FinishReason;
  logprobs?: unknown;
  extraContent?: ExtraContent | undefined;
};

/** `content` is null only when there is a tool call or a refusal and no text, as OpenAI does. */
export function buildChoice(parts: ChoiceParts): Choice {
  const { toolCalls, reasoning = '' } = parts;
  const refusal = parts.refusal ?? null;
  const isTextless = parts.text === '' && (toolCalls.length > 0 || refusal !== null);
  return {
    index: parts.index,
    message: {
      role: 'assistant',
      content: isTextless ? null : parts.text,
      refusal,
      ...(reasoning !== '' && { reasoning_content: reasoning }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
      ...(parts.extraContent !== undefined && { extra_content: parts.extraContent }),
    },
    logprobs: parts.logprobs ?? null,
    finish_reason: fitToContent(parts.finishReason, toolCalls.length > 0),
  };
}

/**
 * The word a client's loop goes by: servers end tool calls with `stop` (Gemini always), and say `tool_calls`
 * where there is none. What cut the answer off stays.
 */
function fitToContent(reason: FinishReason, hasCalls: boolean): FinishReason {
  if (reason === 'stop' && hasCalls) return 'tool_calls';
  return reason === 'tool_calls' && !hasCalls ? 'stop' : reason;
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

/** What a model that answers with nothing is billed for: the tokens that end its turn (Anthropic: 2 or 3). */
const endTokensMax = 3;

/**
 * Throws `UnreadableAnswer` for an answer that ended well with nothing in it, unless the usage shows that the
 * model had nothing to add: no more output than what ends a turn, or reasoning that is not shown. More than
 * that is content of a shape nobody could read, and no usage at all is an answer nobody can vouch for.
 */
export function refuseEmpty({ choices }: ChatCompletion, usage: Usage | null): void {
  if (!choices.every(isEmpty)) return;
  const shown = usage === null ? Number.POSITIVE_INFINITY : usage.completionTokens - usage.reasoningTokens;
  if (shown <= endTokensMax) return;
  const error = new UnreadableAnswer('empty', 'the provider answered with nothing that can be read');
  error.usage = usage;
  throw error;
}

function isEmpty({ message, finish_reason }: Choice): boolean {
  const { content, refusal, reasoning_content, tool_calls } = message;
  return finish_reason === 'stop' && !content && !refusal && !reasoning_content && tool_calls === undefined;
}
