import type { ResponseCreateParamsNonStreaming } from 'openai/resources/responses/responses';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readText } from './read-field.ts';

/**
 * Fields that are the gateway's: how the answer is sent and what becomes of it, and which tier it is priced
 * for.
 */
const owned = new Set([
  'stream',
  'stream_options',
  'background',
  'previous_response_id',
  'conversation',
  'service_tier',
  'metadata',
]);

const encrypted = 'reasoning.encrypted_content';

/**
 * The client's own body for OpenAI's Responses API, when it goes through: changed in what the gateway owns,
 * with every other field where it was. Nothing is stored there; so that a conversation can go on, what a
 * model thought comes back encrypted. Null for a call that is translated.
 */
export function passedResponseOf(call: ProviderCall): ResponseCreateParamsNonStreaming | null {
  const { pass_through: passed } = call.request;
  if (passed?.dialect !== 'responses') return null;
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(passed.body)) {
    if (owned.has(name)) continue;
    if (name === 'model') body[name] = call.model;
    else if (name === 'max_output_tokens') body[name] = call.maxOutputTokens;
    else if (name === 'store') body[name] = false;
    else if (name === 'include') body[name] = withEncrypted(value, call);
    else body[name] = value;
  }
  body['max_output_tokens'] ??= call.maxOutputTokens;
  body['store'] ??= false;
  if (call.reasons) body['include'] ??= [encrypted];
  return body as unknown as ResponseCreateParamsNonStreaming;
}

function withEncrypted(included: unknown, { reasons }: ProviderCall): unknown {
  const list = Array.isArray(included) ? included : [];
  return reasons && !list.includes(encrypted) ? [...list, encrypted] : included;
}

/** The response at the end of a stream has everything; see `response.completed` of SDK 7. */
export function createResponseAssembly() {
  let response: Record<string, unknown> | null = null;
  return {
    add(event: unknown): void {
      if (!/^response\.(?:completed|incomplete)$/.test(readText(event, 'type') ?? '')) return;
      const ended = readField(event, 'response');
      if (isRecord(ended)) response = ended;
    },
    body: () => response,
    // Its one event is bounded as any event is.
    keptBytes: () => 0,
  };
}
