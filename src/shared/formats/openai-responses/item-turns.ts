import type { ExtraContent, Message, ToolCall } from '../../chat/chat.ts';
import { withClientPath } from '../../chat/client-path.ts';
import { customArguments } from '../../chat/custom-tools.ts';
import { pairResults } from '../../chat/pair-results.ts';
import { invalid, type Refusal } from '../../errors.ts';
import type {
  CallItem,
  CallOutputItem,
  CustomCallItem,
  InputItem,
  MessageItem,
  ReferenceItem,
  SearchCallItem,
  SearchOutputItem,
} from './response-items.ts';
import { toCalledName, toolSearch } from './response-namespaces.ts';
import { textOf, toPart } from './response-parts.ts';

type AssistantMessage = Extract<Message, { role: 'assistant' }>;

/**
 * Items as messages of ours. What an assistant wrote and called without an output between is one turn again,
 * in whatever order its items came, and each output follows the turn that it belongs to. `own` is the index
 * of the first item that stands in this request's own `input`.
 */
export function fromItems(items: InputItem[], own = 0): Message[] {
  const messages: Message[] = [];
  /** Of reasoning that came before the turn it belongs to. */
  let ahead: ExtraContent | null = null;
  for (const [index, item] of items.entries()) {
    if (item.type === 'reasoning') {
      const state = (item.extra_content ?? null) as ExtraContent | null;
      ahead = giveState(messages.at(-1), state) ? null : (state ?? ahead);
      continue;
    }
    const path = index < own ? null : `input.${index - own}`;
    const message = addItem(messages, item, path);
    if (path !== null && message !== undefined) withClientPath(message, path);
    if (giveState(messages.at(-1), ahead)) ahead = null;
  }
  return pairResults(messages);
}

/** Adds an item; answers the message or the call that it has become, where it has become one. */
function addItem(messages: Message[], item: InputItem, path: string | null): object | undefined {
  switch (item.type) {
    case 'function_call':
      return addCall(messages, fromCall(item as CallItem));
    case 'custom_tool_call':
      return addCall(messages, fromCustomCall(item as CustomCallItem));
    case 'tool_search_call':
    case 'tool_search_output':
      return addSearch(messages, item as SearchCallItem | SearchOutputItem);
    case 'function_call_output':
    case 'custom_tool_call_output':
      messages.push(fromOutput(item as CallOutputItem));
      return messages.at(-1);
    case 'item_reference':
      throw unresolved(item as ReferenceItem, path);
    case 'reasoning':
      return undefined;
    default:
      return addMessage(messages, item as MessageItem);
  }
}

/** What a reference stands for has to be put in its stead before; here there is nothing to look it up in. */
function unresolved({ id }: ReferenceItem, path: string | null): Refusal {
  const message = `there is no stored item with the id ${JSON.stringify(id)}; send the item itself`;
  return invalid([{ param: path === null ? 'previous_response_id' : `${path}.id`, message }]);
}

/** Hangs state on an assistant's turn that has none yet; whether it did. */
function giveState(message: Message | undefined, state: ExtraContent | null): boolean {
  if (state === null || message?.role !== 'assistant' || message.extra_content !== undefined) return false;
  message.extra_content = state;
  return true;
}

function fromCall(item: CallItem): ToolCall {
  return {
    id: item.call_id,
    type: 'function',
    function: { name: toCalledName(item.namespace, item.name), arguments: item.arguments },
    ...(item.extra_content ? { extra_content: item.extra_content as ExtraContent } : {}),
  };
}

function fromCustomCall(item: CustomCallItem): ToolCall {
  return {
    id: item.call_id,
    type: 'function',
    custom: true,
    function: { name: toCalledName(item.namespace, item.name), arguments: customArguments(item.input) },
  };
}

/** A search for tools is a call of a function; what it found is offered beside, and named in its result. */
function addSearch(messages: Message[], item: SearchCallItem | SearchOutputItem): object | undefined {
  const { call_id: id } = item;
  if (typeof id !== 'string') return undefined;
  if (item.type === 'tool_search_call') {
    const text = JSON.stringify((item as SearchCallItem).arguments ?? {});
    return addCall(messages, { id, type: 'function', function: { name: toolSearch, arguments: text } });
  }
  const found = (item as SearchOutputItem).tools.map(({ name }) => name);
  messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify({ tools: found }) });
  return messages.at(-1);
}

function addCall(messages: Message[], call: ToolCall): ToolCall {
  const last = messages.at(-1);
  if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
  else messages.push({ role: 'assistant', content: null, tool_calls: [call] });
  return call;
}

function fromOutput({ call_id, output }: CallOutputItem): Message {
  return {
    role: 'tool',
    tool_call_id: call_id,
    content: typeof output === 'string' ? output : output.map(toPart),
  };
}

function addMessage(messages: Message[], { role, content }: MessageItem): Message | undefined {
  const last = messages.at(-1);
  const words = role === 'assistant' ? fromAnswer(content) : null;
  if (words !== null && last?.role === 'assistant' && last.tool_calls !== undefined) {
    addWords(last, words);
    return undefined;
  }
  const shown = typeof content === 'string' || content.length === 0 ? '' : content.map(toPart);
  messages.push(words ?? ({ role, content: typeof content === 'string' ? content : shown } as Message));
  return messages.at(-1);
}

/** More of a turn that has calls already. */
function addWords(turn: AssistantMessage, { content, refusal }: AssistantMessage): void {
  const text = `${(turn.content as string | null) ?? ''}${(content as string | null) ?? ''}`;
  turn.content = text === '' ? null : text;
  if (refusal) turn.refusal = `${turn.refusal ?? ''}${refusal}`;
}

function fromAnswer(content: MessageItem['content']): AssistantMessage {
  if (typeof content === 'string') return { role: 'assistant', content };
  const text = content.map(textOf).join('');
  const refusal = content.map((part) => (part.type === 'refusal' ? part.refusal : '')).join('');
  return {
    role: 'assistant',
    content: text === '' && refusal !== '' ? null : text,
    ...(refusal !== '' && { refusal }),
  };
}
