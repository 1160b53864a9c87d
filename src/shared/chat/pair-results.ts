import type { Message } from './chat.ts';

type ToolMessage = Extract<Message, { role: 'tool' }>;

/**
 * The same conversation with each result of a tool right after the turn that called it, in the order in which
 * the results came. Providers want them there, while clients hold them by their id alone. An id that is used
 * again belongs to the newest call that has no result yet; a result without a call stays where it is.
 */
export function pairResults(messages: Message[]): Message[] {
  const results = new Map<Message, ToolMessage[]>();
  const open = new Map<string, Message[]>();
  const paired: Message[] = [];
  for (const message of messages) {
    const caller = message.role === 'tool' ? open.get(message.tool_call_id)?.pop() : undefined;
    if (message.role === 'tool' && caller !== undefined) {
      results.set(caller, [...(results.get(caller) ?? []), message]);
      continue;
    }
    paired.push(message);
    for (const id of callIds(message)) open.set(id, [...(open.get(id) ?? []), message]);
  }
  return paired.flatMap((message) => [message, ...(results.get(message) ?? [])]);
}

/** The ids of the calls in a turn. */
export function callIds(message: Message): string[] {
  return message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : [];
}
