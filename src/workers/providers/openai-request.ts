import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import type { ChatRequest, Message, TextPart, Tool, ToolCall } from '../../shared/chat/chat.ts';
import { reasoningFields } from './openai-reasoning.ts';
import type { ProviderCall } from './provider.ts';
import { pickFields } from './read-field.ts';

/** The only difference between OpenAI and servers that copy it. */
export type OpenaiDialect = { maxTokensField: 'max_completion_tokens' | 'max_tokens' };

/**
 * The body for `POST /chat/completions`: the request as it came, but for the model's upstream name, the
 * output bound that the hold was computed with, usage in the stream, and each message's own reasoning put
 * back where that upstream had it.
 */
export function toOpenaiRequest(call: ProviderCall, dialect: OpenaiDialect): ChatCompletionCreateParams {
  const {
    max_tokens: _old,
    max_completion_tokens: _new,
    thinking_display: _none,
    pass_through: _passed,
    ...request
  } = call.request;
  const body = {
    ...withoutNeutralGaps(request),
    model: call.model,
    messages: request.messages.map(toOpenaiMessage),
    ...(request.tools && { tools: request.tools.map(toOpenaiTool) }),
    [dialect.maxTokensField]: call.maxOutputTokens,
    ...(call.stream && { stream: true, stream_options: { include_usage: true } }),
  };
  return body as unknown as ChatCompletionCreateParams;
}

/** OpenAI refuses tool settings where there are no tools, and `metadata` unless the completion is stored. */
function withoutNeutralGaps(request: Omit<ChatRequest, 'max_tokens' | 'max_completion_tokens'>) {
  const { tools, tool_choice, parallel_tool_calls, metadata: _hint, ...rest } = request;
  if (tools === undefined || tools.length === 0) return rest;
  return {
    ...rest,
    tools,
    ...(tool_choice !== undefined && { tool_choice }),
    ...(parallel_tool_calls !== undefined && { parallel_tool_calls }),
  };
}

/** State goes before our own fields, so that it never replaces one. */
function toOpenaiMessage(message: Message): Record<string, unknown> {
  const { extra_content: extra, content, ...rest } = message;
  const state = message.role === 'assistant' ? messageState : [];
  return {
    ...pickFields(extra?.openai, state),
    ...rest,
    ...(content !== undefined && { content: toOpenaiContent(content) }),
    ...('tool_calls' in rest && rest.tool_calls && { tool_calls: rest.tool_calls.map(toOpenaiToolCall) }),
  };
}

const messageState = [...reasoningFields, 'extra_content'];
const callState = ['extra_content'];
const marks = ['cache_control'];

function toOpenaiContent(content: Exclude<Message['content'], undefined>): unknown {
  if (content === null || typeof content === 'string') return content;
  return content.map((part: TextPart | (typeof content)[number]) => {
    const { extra_content: extra, ...rest } = part;
    return { ...pickFields(extra?.openai, marks), ...rest };
  });
}

function toOpenaiToolCall({ extra_content: extra, ...rest }: ToolCall): unknown {
  return { ...pickFields(extra?.openai, callState), ...rest };
}

function toOpenaiTool({ extra_content: extra, ...rest }: Tool): unknown {
  return { ...pickFields(extra?.openai, marks), ...rest };
}
