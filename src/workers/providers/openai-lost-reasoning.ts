import type { Answer } from '../../shared/chat/call-result.ts';
import type { ChatRequest } from '../../shared/chat/chat.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';

type Fields = Record<string, unknown>;

/**
 * The words of servers that want what they thought back with each turn: Kimi's "thinking is enabled but
 * reasoning_content is missing in assistant tool call message at index 2" (anomalyco/opencode 16318), and
 * DeepSeek's "The `reasoning_content` in the thinking mode must be passed back" (MoonshotAI/kimi-cli 2141).
 */
const wanted =
  /\breasoning_content\b[\s\S]*\b(?:missing|passed back)\b|\bmissing\b[\s\S]*\breasoning_content\b/i;

/** What is taken in its stead; an empty text is not (charmbracelet/crush 2696). */
const nothingThought = ' ';

/**
 * Runs a call, and once more with a blank for reasoning that its turns have lost, or that others thought,
 * when the server refuses to go on without: a client that keeps only OpenAI's fields would be refused for
 * ever. The refused call did nothing.
 */
export async function runWithLostReasoning(
  call: ProviderCall,
  run: (call: ProviderCall) => Promise<Answer>,
): Promise<Answer> {
  const answer = await run(call);
  const isWanted =
    answer.kind === 'failed' && answer.failure.reason === 'rejected' && wanted.test(answer.failure.message);
  return isWanted ? await run({ ...call, request: withReasoning(call.request) }) : answer;
}

function withReasoning(request: ChatRequest): ChatRequest {
  const { messages, pass_through: passed } = request;
  const filledIn = (turns: readonly unknown[]) =>
    turns.map((turn) => (isRecord(turn) ? withThought(turn) : turn));
  return {
    ...request,
    messages: filledIn(messages) as ChatRequest['messages'],
    ...(passed !== undefined && {
      pass_through: {
        ...passed,
        body: { ...passed.body, messages: filledIn(readList(passed.body, 'messages')) },
      },
    }),
  };
}

function withThought(message: Fields): Fields {
  if (message['role'] !== 'assistant') return message;
  const { extra_content: extra, reasoning, reasoning_details: _, ...rest } = message;
  const isOthers = isRecord(readField(extra, 'anthropic')) || isRecord(readField(extra, 'google'));
  const thought = readText(rest, 'reasoning_content') || readText({ reasoning }, 'reasoning');
  return { ...rest, reasoning_content: (isOthers ? null : thought) || nothingThought };
}
