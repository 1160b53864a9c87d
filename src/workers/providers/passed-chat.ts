import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import type { OpenaiDialect } from './openai-dialect.ts';
import type { ProviderCall } from './provider.ts';

/**
 * Fields that are the gateway's: how the answer is sent, what is stored of it, which tier it is priced for,
 * and `metadata`, which OpenAI refuses of a completion that is not stored.
 */
const owned = new Set(['stream', 'stream_options', 'store', 'service_tier', 'metadata']);
const bounds = new Set(['max_tokens', 'max_completion_tokens']);

/**
 * The client's own body for a provider of chat completions, when it goes through: changed in what the gateway
 * owns, with every other field where it was. Null for a call that is translated.
 */
export function passedChatOf(call: ProviderCall, dialect: OpenaiDialect): ChatCompletionCreateParams | null {
  const { pass_through: passed } = call.request;
  if (passed?.dialect !== 'chat') return null;
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(passed.body)) {
    if (owned.has(name)) continue;
    if (bounds.has(name)) body[dialect.maxTokensField] = call.maxOutputTokens;
    else body[name] = name === 'model' ? call.model : value;
  }
  body[dialect.maxTokensField] ??= call.maxOutputTokens;
  if (call.stream) Object.assign(body, { stream: true, stream_options: { include_usage: true } });
  return body as unknown as ChatCompletionCreateParams;
}

type Fields = Record<string, unknown>;

/**
 * Puts a completion together from its chunks, as OpenAI's SDK does (`ChatCompletionStream` of SDK 7): fields
 * that we do not know are kept.
 */
export function createChatAssembly() {
  let head: Fields | null = null;
  const choices: Fields[] = [];
  return {
    add(event: unknown): void {
      const { choices: pieces, ...rest } = event as Fields & { choices?: Fields[] };
      head = { ...rest, ...withoutNull(head ?? {}), ...withoutNull({ usage: rest['usage'] }) };
      for (const piece of pieces ?? []) addPiece(choices, piece);
    },
    body(): Fields | null {
      return head === null ? null : { ...head, object: 'chat.completion', choices: choices.filter(Boolean) };
    },
  };
}

function addPiece(choices: Fields[], { delta, ...piece }: Fields): void {
  const index = Number(piece['index'] ?? 0);
  const before = choices[index] ?? { message: { role: 'assistant', content: null, refusal: null } };
  const message = mergeDelta(before['message'] as Fields, (delta ?? {}) as Fields);
  choices[index] = {
    ...before,
    ...withoutNull(piece),
    finish_reason: piece['finish_reason'] ?? before['finish_reason'] ?? null,
    message,
  };
}

function mergeDelta(message: Fields, delta: Fields): Fields {
  const merged = { ...message };
  for (const [name, value] of Object.entries(delta)) {
    const known = merged[name];
    if (name === 'role') merged[name] = value;
    else if (name === 'tool_calls') merged[name] = mergeCalls((known ?? []) as Fields[], value as Fields[]);
    else if (typeof known === 'string' && typeof value === 'string') merged[name] = known + value;
    else if (Array.isArray(known) && Array.isArray(value)) merged[name] = [...known, ...value];
    else if (value !== null || known === undefined) merged[name] = value;
  }
  return merged;
}

function mergeCalls(calls: Fields[], fragments: Fields[]): Fields[] {
  const merged = [...calls];
  for (const { index, ...fragment } of fragments) {
    const at = Number(index ?? merged.length);
    const known = (merged[at] ?? {}) as Fields;
    const inner = { ...(known['function'] as Fields), ...(fragment['function'] as Fields) };
    const before = (known['function'] as Fields | undefined)?.['arguments'] ?? '';
    const more = (fragment['function'] as Fields | undefined)?.['arguments'] ?? '';
    merged[at] = { ...known, ...fragment, function: { ...inner, arguments: `${before}${more}` } };
  }
  return merged;
}

const withoutNull = (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
