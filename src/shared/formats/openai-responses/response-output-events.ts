import type { ChatCompletion, Delta, ToolCall } from '../../chat/chat.ts';
import { callItemId, messageItemId, toReasoningItem } from './response-object.ts';

/** One event of a streamed response. `sequence_number` counts from 0 and is what a reader resumes after. */
export type ResponseEvent = { type: string; sequence_number: number } & Record<string, unknown>;

type OpenItem = { index: number; call: number | null; callId: string; name: string; text: string };

export type CallDelta = Extract<Delta, { kind: 'tool_call' }>;

/** What was sent of one response so far. */
export type EncoderState = {
  responseId: string;
  /** How often output was taken back: items after it have ids of their own, as no two items may share one. */
  resets: number;
  sequence: number;
  items: number;
  open: OpenItem | null;
  /** What counts of it: the text of the message, and the arguments of each call. */
  text: string;
  calls: Map<number, string>;
};

/** Nothing yet. */
export function newEncoderState(responseId: string): EncoderState {
  return { responseId, resets: 0, sequence: 0, items: 0, open: null, text: '', calls: new Map() };
}

/** The next event. */
export function toEvent(state: EncoderState, type: string, fields: Record<string, unknown>): ResponseEvent {
  const event = { type, sequence_number: state.sequence, ...fields };
  state.sequence += 1;
  return event;
}

/** More of the message; it is opened when it is not open. */
export function encodeText(state: EncoderState, more: string): ResponseEvent[] {
  const isOpen = state.open !== null && state.open.call === null;
  const opening = isOpen ? [] : openItem(state, { call: null, callId: '', name: '' });
  state.text += more;
  const delta = { ...addToOpen(state, more), delta: more, logprobs: [] };
  return [...opening, toEvent(state, 'response.output_text.delta', delta)];
}

/** More of a call; it is opened when it is not open. */
export function encodeToolCall(
  state: EncoderState,
  { index, id = '', name = '', arguments: more }: CallDelta,
): ResponseEvent[] {
  const isOpen = state.open?.call === index;
  const opening = isOpen ? [] : openItem(state, { call: index, callId: id, name });
  state.calls.set(index, (state.calls.get(index) ?? '') + more);
  if (more === '') return opening;
  const delta = { ...addToOpen(state, more), delta: more };
  return [...opening, toEvent(state, 'response.function_call_arguments.delta', delta)];
}

/** Closes the item that is open, if any. */
export function encodeDone(state: EncoderState, status: 'completed' | 'incomplete'): ResponseEvent[] {
  const item = state.open;
  if (item === null) return [];
  state.open = null;
  const where = whereOf(state, item);
  const done = { output_index: item.index, item: toItem(state, item, status) };
  if (item.call !== null) {
    const { name, text } = item;
    return [
      toEvent(state, 'response.function_call_arguments.done', { ...where, name, arguments: text }),
      toEvent(state, 'response.output_item.done', done),
    ];
  }
  return [
    toEvent(state, 'response.output_text.done', { ...where, text: item.text, logprobs: [] }),
    toEvent(state, 'response.content_part.done', { ...where, part: textPart(item.text) }),
    toEvent(state, 'response.output_item.done', done),
  ];
}

/** What was sent does not count: its item stays incomplete, and the answer begins anew in the next. */
export function resetItem(state: EncoderState): ResponseEvent[] {
  const closed = encodeDone(state, 'incomplete');
  if (state.items > 0) state.resets += 1;
  state.text = '';
  state.calls.clear();
  return closed;
}

/**
 * What the result has and no event had: all of it when the output was not streamed, or its log was lost.
 */
export function encodeRemainder(state: EncoderState, completion: ChatCompletion): ResponseEvent[] {
  const message = completion.choices[0]?.message;
  const text = message?.content ?? '';
  const calls = message?.tool_calls ?? [];
  const isTrue =
    text.startsWith(state.text) &&
    [...state.calls].every(([index, sentArguments]) => sentArguments === argumentsOf(calls[index]));
  const takenBack = isTrue ? [] : resetItem(state);
  const rest = text.slice(state.text.length);
  const unsent = calls.flatMap((call, index) => (state.calls.has(index) ? [] : [toDelta(call, index)]));
  return [
    ...takenBack,
    ...(rest === '' ? [] : encodeText(state, rest)),
    ...unsent.flatMap((delta) => encodeToolCall(state, delta)),
  ];
}

/** What the provider wants back with the turn. */
export function encodeReasoning(state: EncoderState, completion: ChatCompletion): ResponseEvent[] {
  const item = toReasoningItem(completion, state.responseId);
  if (item === null) return [];
  const where = { output_index: state.items, item };
  state.items += 1;
  return [
    toEvent(state, 'response.output_item.added', where),
    toEvent(state, 'response.output_item.done', where),
  ];
}

function openItem(state: EncoderState, what: Pick<OpenItem, 'call' | 'callId' | 'name'>): ResponseEvent[] {
  const closed = encodeDone(state, 'completed');
  const item = { ...what, index: state.items, text: '' };
  state.open = item;
  state.items += 1;
  const added = { output_index: item.index, item: toItem(state, item, 'in_progress') };
  const opened = [...closed, toEvent(state, 'response.output_item.added', added)];
  if (item.call !== null) return opened;
  return [
    ...opened,
    toEvent(state, 'response.content_part.added', { ...whereOf(state, item), part: textPart('') }),
  ];
}

function addToOpen(state: EncoderState, more: string) {
  const item = state.open as OpenItem;
  item.text += more;
  return whereOf(state, item);
}

function whereOf(state: EncoderState, { index, call }: OpenItem) {
  const where = { item_id: itemId(state, call), output_index: index };
  return call === null ? { ...where, content_index: 0 } : where;
}

/** The id that the item has in the response at the end, until output was taken back. */
function itemId({ responseId, resets }: EncoderState, call: number | null): string {
  const id = call === null ? messageItemId(responseId) : callItemId(responseId, call);
  return resets === 0 ? id : `${id}_${resets}`;
}

const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const argumentsOf = (call: ToolCall | undefined) => call?.function.arguments;

function toDelta({ id, function: { name, arguments: pieces } }: ToolCall, index: number): CallDelta {
  return { kind: 'tool_call', choice: 0, index, id, name, arguments: pieces };
}

function toItem(state: EncoderState, { call, callId, name, text }: OpenItem, status: string) {
  const id = itemId(state, call);
  if (call !== null) return { type: 'function_call', id, call_id: callId, name, arguments: text, status };
  const content = status === 'in_progress' ? [] : [textPart(text)];
  return { type: 'message', id, role: 'assistant', status, content };
}
