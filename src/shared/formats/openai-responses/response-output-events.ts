import type { ChatCompletion, Delta, ToolCall } from '../../chat/chat.ts';
import { callItemId, messageItemId, toReasoningItem } from './response-object.ts';

/** One event of a streamed response. `sequence_number` counts from 0 and is what a reader resumes after. */
export type ResponseEvent = { type: string; sequence_number: number } & Record<string, unknown>;

type OpenItem = { index: number; call: number | null; callId: string; name: string; text: string };

export type CallDelta = Extract<Delta, { kind: 'tool_call' }>;

/** What was said of one response so far. */
export type EncoderState = {
  responseId: string;
  sequence: number;
  items: number;
  open: OpenItem | null;
  /** What counts of it: the text of the message, and the arguments of each call. */
  text: string;
  calls: Map<number, string>;
};

/** Nothing yet. */
export function newEncoderState(responseId: string): EncoderState {
  return { responseId, sequence: 0, items: 0, open: null, text: '', calls: new Map() };
}

/** The next event. */
export function toEvent(said: EncoderState, type: string, fields: Record<string, unknown>): ResponseEvent {
  const event = { type, sequence_number: said.sequence, ...fields };
  said.sequence += 1;
  return event;
}

/** More of the message; it is opened when it is not open. */
export function encodeText(said: EncoderState, more: string): ResponseEvent[] {
  const isOpen = said.open !== null && said.open.call === null;
  const opening = isOpen ? [] : openItem(said, { call: null, callId: '', name: '' });
  said.text += more;
  const delta = { ...addToOpen(said, more), delta: more, logprobs: [] };
  return [...opening, toEvent(said, 'response.output_text.delta', delta)];
}

/** More of a call; it is opened when it is not open. */
export function encodeToolCall(
  said: EncoderState,
  { index, id = '', name = '', arguments: more }: CallDelta,
): ResponseEvent[] {
  const isOpen = said.open?.call === index;
  const opening = isOpen ? [] : openItem(said, { call: index, callId: id, name });
  said.calls.set(index, (said.calls.get(index) ?? '') + more);
  if (more === '') return opening;
  const delta = { ...addToOpen(said, more), delta: more };
  return [...opening, toEvent(said, 'response.function_call_arguments.delta', delta)];
}

/** Closes the item that is open, if any. */
export function encodeDone(said: EncoderState, status: 'completed' | 'incomplete'): ResponseEvent[] {
  const item = said.open;
  if (item === null) return [];
  said.open = null;
  const where = whereOf(said, item);
  const done = { output_index: item.index, item: toItem(said, item, status) };
  if (item.call !== null) {
    const { name, text } = item;
    return [
      toEvent(said, 'response.function_call_arguments.done', { ...where, name, arguments: text }),
      toEvent(said, 'response.output_item.done', done),
    ];
  }
  return [
    toEvent(said, 'response.output_text.done', { ...where, text: item.text, logprobs: [] }),
    toEvent(said, 'response.content_part.done', { ...where, part: textPart(item.text) }),
    toEvent(said, 'response.output_item.done', done),
  ];
}

/** What was said does not count: its item stays incomplete, and the answer begins anew in the next. */
export function resetItem(said: EncoderState): ResponseEvent[] {
  const closed = encodeDone(said, 'incomplete');
  said.text = '';
  said.calls.clear();
  return closed;
}

/**
 * What the result has and nobody was told: all of it when the output was not streamed, or its log was lost.
 */
export function encodeRemainder(said: EncoderState, completion: ChatCompletion): ResponseEvent[] {
  const message = completion.choices[0]?.message;
  const text = message?.content ?? '';
  const calls = message?.tool_calls ?? [];
  const isTrue =
    text.startsWith(said.text) &&
    [...said.calls].every(([index, told]) => told === argumentsOf(calls[index]));
  const takenBack = isTrue ? [] : resetItem(said);
  const rest = text.slice(said.text.length);
  const untold = calls.flatMap((call, index) => (said.calls.has(index) ? [] : [toDelta(call, index)]));
  return [
    ...takenBack,
    ...(rest === '' ? [] : encodeText(said, rest)),
    ...untold.flatMap((delta) => encodeToolCall(said, delta)),
  ];
}

/** What the provider wants back with the turn. */
export function encodeReasoning(said: EncoderState, completion: ChatCompletion): ResponseEvent[] {
  const item = toReasoningItem(completion, said.responseId);
  if (item === null) return [];
  const where = { output_index: said.items, item };
  said.items += 1;
  return [
    toEvent(said, 'response.output_item.added', where),
    toEvent(said, 'response.output_item.done', where),
  ];
}

function openItem(said: EncoderState, what: Pick<OpenItem, 'call' | 'callId' | 'name'>): ResponseEvent[] {
  const closed = encodeDone(said, 'completed');
  const item = { ...what, index: said.items, text: '' };
  said.open = item;
  said.items += 1;
  const added = { output_index: item.index, item: toItem(said, item, 'in_progress') };
  const opened = [...closed, toEvent(said, 'response.output_item.added', added)];
  if (item.call !== null) return opened;
  return [
    ...opened,
    toEvent(said, 'response.content_part.added', { ...whereOf(said, item), part: textPart('') }),
  ];
}

function addToOpen(said: EncoderState, more: string) {
  const item = said.open as OpenItem;
  item.text += more;
  return whereOf(said, item);
}

function whereOf({ responseId }: EncoderState, { index, call }: OpenItem) {
  if (call !== null) return { item_id: callItemId(responseId, call), output_index: index };
  return { item_id: messageItemId(responseId), output_index: index, content_index: 0 };
}

const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const argumentsOf = (call: ToolCall | undefined) => call?.function.arguments;

function toDelta({ id, function: { name, arguments: pieces } }: ToolCall, index: number): CallDelta {
  return { kind: 'tool_call', choice: 0, index, id, name, arguments: pieces };
}

function toItem({ responseId }: EncoderState, { call, callId, name, text }: OpenItem, status: string) {
  if (call !== null) {
    const id = callItemId(responseId, call);
    return { type: 'function_call', id, call_id: callId, name, arguments: text, status };
  }
  const content = status === 'in_progress' ? [] : [textPart(text)];
  return { type: 'message', id: messageItemId(responseId), role: 'assistant', status, content };
}
