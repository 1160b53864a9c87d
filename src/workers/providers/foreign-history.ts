import type { Message } from '../../shared/chat/chat.ts';
import { createFitIds } from '../../shared/chat/fit-ids.ts';
import { callIds, pairResults } from '../../shared/chat/pair-results.ts';

/** What a call whose result is not in the history came to, for providers that want one for each. */
const noResult = 'There is no result of this call.';

/**
 * A history that others have made, as a provider takes it that wants calls and results in pairs: each result
 * right after the turn that called, one for each call, and turns that say nothing left out.
 */
export function toForeignHistory(messages: Message[]): Message[] {
  return withMissingResults(pairResults(messages)).filter(hasContent);
}

function withMissingResults(messages: Message[]): Message[] {
  return messages.flatMap((message, index) => {
    const open = [...callIds(message)];
    if (open.length === 0) return [message];
    for (const result of messages.slice(index + 1)) {
      if (result.role !== 'tool') break;
      const at = open.indexOf(result.tool_call_id);
      if (at !== -1) open.splice(at, 1);
    }
    const missing = open.map((id): Message => ({ role: 'tool', tool_call_id: id, content: noResult }));
    return [message, ...missing];
  });
}

function hasContent(message: Message): boolean {
  if (message.role === 'tool' || callIds(message).length > 0) return true;
  const { content } = message;
  if (message.role === 'assistant' && (message.refusal || hasOwnBlocks(message))) return true;
  if (content === undefined || content === null) return false;
  if (typeof content === 'string') return content !== '';
  return content.some((part) => part.type !== 'text' || part.text !== '');
}

function hasOwnBlocks({ extra_content: extra }: Message): boolean {
  const own = extra?.anthropic as { content?: unknown } | undefined;
  return Array.isArray(own?.content) && own.content.length > 0;
}

/** The same history with call ids that a provider takes. `toFit` makes an id of what may be none. */
export function withFitIds(messages: Message[], toFit: (id: string) => string): Message[] {
  const ids = createFitIds(toFit);
  return messages.map((message) => {
    if (message.role === 'assistant' && message.tool_calls !== undefined) {
      const own = ids.ofCalls(callIds(message));
      const tool_calls = message.tool_calls.map((call, at) => ({ ...call, id: own[at] ?? call.id }));
      return { ...message, tool_calls };
    }
    if (message.role !== 'tool') return message;
    return { ...message, tool_call_id: ids.ofResult(message.tool_call_id) };
  });
}

/** An instruction between turns, for models that take none there: said by the user, and marked as one. */
export function foldInstruction(text: string): string {
  return `<system>\n${text}\n</system>`;
}

/** The text of a message. */
export function textOf(content: Message['content']): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
