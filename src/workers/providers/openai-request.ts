import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import type { ChatRequest, Tool } from '../../shared/chat/chat.ts';
import type { OpenaiDialect } from './openai-dialect.ts';
import { toOpenaiMessages } from './openai-messages.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, pickFields, readField } from './read-field.ts';

/** What is asked for, of whatever server: one that cannot do it says so by name. */
const askedFields = [
  'temperature',
  'top_p',
  'top_k',
  'n',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'response_format',
] as const;

/**
 * The body for `POST /chat/completions`: the request in the words that its server takes, with the output
 * bound that the hold was computed with, and usage in the stream. `metadata` goes nowhere, since OpenAI
 * refuses it of a completion that is not stored.
 */
export function toOpenaiRequest(call: ProviderCall, dialect: OpenaiDialect): ChatCompletionCreateParams {
  const { request } = call;
  const body = {
    ...pickFields(request, askedFields),
    ...pickFields(request, dialect.hints),
    ...toTools(request, dialect),
    model: call.model,
    messages: toOpenaiMessages(request.messages, dialect),
    [dialect.maxTokensField]: call.maxOutputTokens,
    ...(call.stream && { stream: true }),
    ...(call.stream && dialect.takesStreamOptions && { stream_options: { include_usage: true } }),
  };
  return body as unknown as ChatCompletionCreateParams;
}

/** OpenAI refuses tool settings where there are no tools. */
function toTools(request: ChatRequest, dialect: OpenaiDialect): Record<string, unknown> {
  const { tools = [], tool_choice: choice, parallel_tool_calls: parallel } = request;
  if (tools.length === 0) return {};
  const sendsParallel =
    dialect.sendsParallel === 'always' || (dialect.sendsParallel === 'when_false' && parallel === false);
  return {
    tools: tools.map((tool) => toTool(tool, dialect)),
    ...(choice !== undefined && { tool_choice: toChoice(choice, tools, dialect) }),
    ...(parallel !== undefined && sendsParallel && { parallel_tool_calls: parallel }),
  };
}

function toTool({ type, custom, function: called, extra_content: extra }: Tool, dialect: OpenaiDialect) {
  const { strict, ...rest } = called;
  const { name, description } = called;
  if (custom !== undefined && dialect.takesCustomTools) {
    const format = toFormat(custom.format);
    const described = description !== undefined && { description };
    return { type: 'custom', custom: { name, ...described, ...(format !== null && { format }) } };
  }
  const isStrict = strict !== undefined && strict !== null && dialect.takesStrictTools;
  const declared = { ...rest, ...(isStrict && { strict }) };
  return { ...pickFields(extra?.openai, ['cache_control']), type, function: declared };
}

/** Chat completions have a grammar one level deeper than Responses (SDK `ChatCompletionCustomTool`). */
function toFormat(format: unknown): unknown {
  if (!isRecord(format)) return null;
  if (format['type'] !== 'grammar' || isRecord(readField(format, 'grammar'))) return format;
  const { type, ...grammar } = format;
  return { type, grammar };
}

function toChoice(choice: ChatRequest['tool_choice'], tools: Tool[], dialect: OpenaiDialect): unknown {
  if (typeof choice !== 'object' || !dialect.takesCustomTools) return choice;
  const { name } = choice.function;
  const isCustom = tools.some((tool) => tool.custom !== undefined && tool.function.name === name);
  return isCustom ? { type: 'custom', custom: { name } } : choice;
}
