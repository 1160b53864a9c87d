import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import type { OpenaiDialect } from './openai-dialect.ts';
import { toPassedMessages, toPassedTool } from './passed-messages.ts';
import type { ProviderCall } from './provider.ts';

/**
 * Fields that are the gateway's: how the answer is sent, what is stored of it, which tier it is priced for,
 * `metadata`, which OpenAI refuses of a completion that is not stored, and a `prediction`, which is billed
 * beyond the answer.
 */
const owned = new Set(['stream', 'stream_options', 'store', 'service_tier', 'metadata', 'prediction']);
const bounds = new Set(['max_tokens', 'max_completion_tokens']);
const hints = new Set(['user', 'safety_identifier', 'prompt_cache_key', 'verbosity']);
/** Fields of OpenAI's own that ask for nothing, or for a cache alone, with the values that intake takes. */
const neutral = new Set(['modalities', 'prompt_cache_retention', 'prompt_cache_options']);

/**
 * The client's own body for a server of chat completions, when it goes through: changed in what the gateway
 * owns and in what the server takes in other words, with every other field where it was. Null for a call that
 * is translated.
 */
export function passedChatOf(call: ProviderCall, dialect: OpenaiDialect): ChatCompletionCreateParams | null {
  const { pass_through: passed } = call.request;
  if (passed?.dialect !== 'chat') return null;
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(passed.body)) {
    if (bounds.has(name)) body[dialect.maxTokensField] = call.maxOutputTokens;
    else if (isTaken(name, value, call, dialect)) body[name] = toPassedField(name, value, call, dialect);
  }
  body[dialect.maxTokensField] ??= call.maxOutputTokens;
  const options = dialect.takesStreamOptions && { stream_options: { include_usage: true } };
  if (call.stream) Object.assign(body, { stream: true, ...options });
  return body as unknown as ChatCompletionCreateParams;
}

function toPassedField(name: string, value: unknown, call: ProviderCall, dialect: OpenaiDialect): unknown {
  if (name === 'model') return call.model;
  if (name === 'messages') return toPassedMessages(value, dialect);
  return name === 'tools' ? toPassedTools(value, dialect) : value;
}

const toPassedTools = (tools: unknown, dialect: OpenaiDialect) =>
  Array.isArray(tools) ? tools.map((tool) => toPassedTool(tool, dialect)) : tools;

function isTaken(name: string, value: unknown, { request }: ProviderCall, dialect: OpenaiDialect): boolean {
  if (owned.has(name)) return false;
  if (dialect.takesAllFields) return true;
  if (value === null || neutral.has(name)) return false;
  if (hints.has(name)) return dialect.hints.includes(name);
  const hasTools = (request.tools ?? []).length > 0;
  if (name === 'tools' || name === 'tool_choice') return hasTools;
  if (name !== 'parallel_tool_calls') return true;
  return hasTools && value === false && dialect.sendsParallel !== 'never';
}
