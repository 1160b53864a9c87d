import type Anthropic from '@anthropic-ai/sdk';
import type { ChatRequest, ImagePart, Message, TextPart, ToolCall } from '../../shared/domain/chat.ts';
import { readDataUrl } from './data-url.ts';
import type { ProviderCall } from './provider.ts';

type Body = Anthropic.MessageCreateParams;
type Block = Anthropic.ContentBlockParam;

/** The body of `POST /v1/messages` for a request in OpenAI's words. What it cannot say is refused at intake. */
export function toAnthropicBody(call: ProviderCall): Body {
  const { request } = call;
  const system = request.messages.filter(isInstruction).flatMap((message) => toTextBlocks(message.content));
  const stops = typeof request.stop === 'string' ? [request.stop] : request.stop;
  return {
    model: call.model,
    max_tokens: call.maxOutputTokens,
    messages: toMessages(request.messages.filter((message) => !isInstruction(message))),
    ...(system.length === 0 ? {} : { system }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.top_p === undefined ? {} : { top_p: request.top_p }),
    ...(stops === undefined ? {} : { stop_sequences: stops }),
    ...(request.user === undefined ? {} : { metadata: { user_id: request.user } }),
    ...toTools(request),
    ...toOutputFormat(request),
    ...toThinking(request, call.maxOutputTokens),
    ...(call.stream ? { stream: true } : {}),
  };
}

function isInstruction(message: Message): message is Extract<Message, { role: 'system' | 'developer' }> {
  return message.role === 'system' || message.role === 'developer';
}

function toTextBlocks(content: string | TextPart[]): Anthropic.TextBlockParam[] {
  const texts = typeof content === 'string' ? [content] : content.map((part) => part.text);
  return texts.filter((text) => text !== '').map((text) => ({ type: 'text', text }));
}

/** Tool results are the user's turn, and turns of one side become one: several results must arrive together. */
function toMessages(messages: Message[]): Anthropic.MessageParam[] {
  const turns: { role: 'user' | 'assistant'; content: Block[] }[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const blocks = toBlocks(message);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  return turns;
}

function toBlocks(message: Message): Block[] {
  if (message.role === 'assistant') return toAssistantBlocks(message);
  if (message.role === 'tool') {
    return [
      { type: 'tool_result', tool_use_id: message.tool_call_id, content: toTextBlocks(message.content) },
    ];
  }
  if (message.role !== 'user') return [];
  if (typeof message.content === 'string') return toTextBlocks(message.content);
  return message.content.map((part) =>
    part.type === 'text' ? { type: 'text', text: part.text } : toImage(part),
  );
}

/** Its own blocks of an earlier answer, thinking with its signatures included, go back as they came. */
function toAssistantBlocks(message: Extract<Message, { role: 'assistant' }>): Block[] {
  const own = (message.extra_content?.anthropic as { content?: Block[] } | undefined)?.content;
  if (Array.isArray(own)) return own;
  const text = message.content == null ? [] : toTextBlocks(message.content);
  return [...text, ...(message.tool_calls ?? []).map(toToolUse)];
}

function toToolUse(call: ToolCall): Block {
  const text = call.function.arguments.trim();
  const input = JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
  return { type: 'tool_use', id: call.id, name: call.function.name, input };
}

function toImage(part: ImagePart): Block {
  const data = readDataUrl(part.image_url.url);
  if (data === null) return { type: 'image', source: { type: 'url', url: part.image_url.url } };
  const mediaType = data.mediaType as Anthropic.Base64ImageSource['media_type'];
  return { type: 'image', source: { type: 'base64', media_type: mediaType, data: data.data } };
}

function toTools(request: ChatRequest): Pick<Body, 'tools' | 'tool_choice'> {
  if (request.tools === undefined || request.tools.length === 0) return {};
  const tools = request.tools.map(
    ({ function: tool }): Anthropic.Tool => ({
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      input_schema: { type: 'object', ...tool.parameters },
    }),
  );
  const choice = toToolChoice(request);
  return choice === null ? { tools } : { tools, tool_choice: choice };
}

function toToolChoice(request: ChatRequest): Anthropic.ToolChoice | null {
  const single = request.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  const asked = request.tool_choice;
  if (asked === 'none') return { type: 'none' };
  if (asked === 'required') return { type: 'any', ...single };
  if (typeof asked === 'object') return { type: 'tool', name: asked.function.name, ...single };
  return asked === undefined && request.parallel_tool_calls !== false ? null : { type: 'auto', ...single };
}

function toOutputFormat({ response_format: format }: ChatRequest): Pick<Body, 'output_config'> {
  if (format?.type !== 'json_schema') return {};
  return { output_config: { format: { type: 'json_schema', schema: format.json_schema.schema ?? {} } } };
}

/** Share of the output bound that may be thought, by effort; Anthropic wants at least 1,024 and less than the bound. */
const thinkingShare = { minimal: 0.1, low: 0.25, medium: 0.5, high: 0.75, xhigh: 0.9 };
const thinkingTokensMin = 1024;

function toThinking(request: ChatRequest, maxTokens: number): Pick<Body, 'thinking'> {
  const effort = request.reasoning_effort;
  if (effort === undefined) return {};
  if (effort === 'none' || maxTokens <= thinkingTokensMin) return { thinking: { type: 'disabled' } };
  const budget = Math.max(thinkingTokensMin, Math.floor(maxTokens * thinkingShare[effort]));
  return { thinking: { type: 'enabled', budget_tokens: Math.min(budget, maxTokens - 1) } };
}
