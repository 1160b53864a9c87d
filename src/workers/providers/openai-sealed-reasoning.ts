import type { Answer } from '../../shared/chat/call-result.ts';
import type { ChatRequest, Message } from '../../shared/chat/chat.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readList } from './read-field.ts';

/**
 * Runs a call, and once more without its encrypted reasoning when OpenAI cannot read that: it is sealed for
 * the organisation that it was made for, and a conversation that carries another's would be refused for ever.
 * The refused call did nothing. Sources: `invalid_encrypted_content` in openai/codex 8145, BerriAI/litellm
 * 18094, pydantic/pydantic-ai 4608.
 */
export async function runWithReadableReasoning(
  call: ProviderCall,
  run: (call: ProviderCall) => Promise<Answer>,
): Promise<Answer> {
  const answer = await run(call);
  if (!isUnreadable(answer)) return answer;
  return await run({ ...call, request: withoutReasoning(call.request) });
}

function isUnreadable(answer: Answer): boolean {
  if (answer.kind !== 'failed' || answer.failure.reason !== 'rejected') return false;
  return /encrypted content\b.*\bcould not be (?:verified|decrypted)/i.test(answer.failure.message);
}

function withoutReasoning(request: ChatRequest): ChatRequest {
  const { messages, pass_through: passed } = request;
  return {
    ...request,
    messages: messages.map(withoutItemsOf),
    ...(passed !== undefined && { pass_through: { ...passed, body: withoutItems(passed.body) } }),
  };
}

function withoutItemsOf(message: Message): Message {
  const state = message.extra_content?.openai;
  if (!isRecord(state)) return message;
  const { reasoning_items: _, ...openai } = state;
  return { ...message, extra_content: { ...message.extra_content, openai } };
}

function withoutItems(body: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(body['input'])) return body;
  const items = readList(body, 'input').filter((item) => !isRecord(item) || item['type'] !== 'reasoning');
  return { ...body, input: items };
}
