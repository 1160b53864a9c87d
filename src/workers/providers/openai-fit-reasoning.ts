import type { Answer } from '../../shared/chat/call-result.ts';
import type { ChatRequest, Message } from '../../shared/chat/chat.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readList } from './read-field.ts';

/** OpenAI's words for reasoning that it cannot read, does not have, or misses what came of it. */
const unfit = [
  /encrypted content\b.*\bcould not be (?:verified|decrypted)/i,
  /Item with id 'rs_\w*' not found/,
  /Item 'rs_\w*' of type 'reasoning' was provided without its required following item/,
];

/**
 * Runs a call, and once more without its reasoning when OpenAI cannot use that. It is sealed for the
 * organisation that it was made for, and a client may send what OpenAI was to store; a conversation with such
 * an item would be refused for ever. The refused call did nothing. Sources: openai/codex 8145,
 * BerriAI/litellm 18094, pydantic/pydantic-ai 4608 (`invalid_encrypted_content`); can1357/oh-my-pi 41;
 * vercel/ai 7099.
 */
export async function runWithFitReasoning(
  call: ProviderCall,
  run: (call: ProviderCall) => Promise<Answer>,
): Promise<Answer> {
  const answer = await run(call);
  if (!isReasoningUnfit(answer)) return answer;
  return await run({ ...call, request: withoutReasoning(call.request) });
}

function isReasoningUnfit(answer: Answer): boolean {
  if (answer.kind !== 'failed' || answer.failure.reason !== 'rejected') return false;
  const { message } = answer.failure;
  return unfit.some((words) => words.test(message));
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
