import type OpenAI from 'openai';
import type { ChatRequest, Message } from '../../shared/domain/chat.ts';
import type { ProviderCall } from './provider.ts';

type Body = OpenAI.Chat.ChatCompletionCreateParams;

/**
 * The body for OpenAI (`openai`) or for an upstream that speaks its older dialect (`compatible`): the same request, with
 * the output bound in the field that the upstream reads and without what only the gateway understands.
 */
export function toOpenAiBody(call: ProviderCall, dialect: 'openai' | 'compatible'): Body {
  const { metadata: _hint, max_tokens: _asked, max_completion_tokens: _askedToo, ...request } = call.request;
  const bound =
    dialect === 'openai'
      ? { max_completion_tokens: call.maxOutputTokens }
      : { max_tokens: call.maxOutputTokens };
  const hints: (keyof ChatRequest)[] = dialect === 'openai' ? [] : ['safety_identifier', 'prompt_cache_key'];
  const body = {
    ...request,
    ...bound,
    model: call.model,
    messages: request.messages.map(withoutExtras),
    ...(request.tools === undefined
      ? {}
      : { tools: request.tools.map(({ extra_content: _, ...tool }) => tool) }),
    ...(call.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
  for (const hint of hints) delete (body as Record<string, unknown>)[hint];
  return body as unknown as Body;
}

/** `extra_content` carries other providers' blocks; OpenAI's chat completions have none of their own to restore. */
function withoutExtras(message: Message): object {
  const { extra_content: _, ...bare } = message;
  const parts = Array.isArray(bare.content)
    ? { content: bare.content.map(({ extra_content: __, ...part }) => part) }
    : {};
  const calls =
    'tool_calls' in bare && bare.tool_calls !== undefined
      ? { tool_calls: bare.tool_calls.map(({ extra_content: __, ...call }) => call) }
      : {};
  return { ...bare, ...parts, ...calls };
}
