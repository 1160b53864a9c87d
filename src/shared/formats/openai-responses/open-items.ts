import type { ToolCall } from '../../chat/chat.ts';
import { customInput } from '../../chat/custom-tools.ts';
import {
  type ClientNames,
  messageItemId,
  refusalPart,
  sameNames,
  summaryPart,
  textPart,
  toCallItem,
  toMessageItem,
  toReasoningItem,
} from './output-items.ts';

/** One event of a streamed response. `sequence_number` counts from 0 and is what a reader resumes after. */
export type ResponseEvent = { type: string; sequence_number: number } & Record<string, unknown>;

export type Item = { index: number; id: string } & (
  | { kind: 'message'; text: string; refusal: string; logprobs: unknown[] }
  | {
      kind: 'reasoning';
      /** Its parts: what is thought after the answer began is one of its own. */
      texts: string[];
      /** The last of them goes on. */
      isOpen: boolean;
      /** What the provider wants back with the turn; known at the end. */
      state?: NonNullable<ToolCall['extra_content']>;
    }
  | { kind: 'call'; call: ToolCall }
);
export type ItemOf<Kind extends Item['kind']> = Extract<Item, { kind: Kind }>;

/** What was sent of one response so far. */
export type EncoderState = {
  responseId: string;
  /** Of tools, as the client knows them. */
  names: ClientNames;
  /** How often output was taken back: items after it have ids of their own, as no two items may share one. */
  resets: number;
  sequence: number;
  /** How many items there were, those that were taken back included. */
  items: number;
  /** Those that count. Each stays open to the end, since a provider may come back to any of them. */
  open: Map<string, Item>;
};

/** Nothing yet. */
export function newEncoderState(responseId: string, names: ClientNames = sameNames): EncoderState {
  return { responseId, names, resets: 0, sequence: 0, items: 0, open: new Map() };
}

/** The next event. */
export function toEvent(state: EncoderState, type: string, fields: Record<string, unknown>): ResponseEvent {
  const event = { type, sequence_number: state.sequence, ...fields };
  state.sequence += 1;
  return event;
}

/** What was thought is a whole part once the answer begins; its item stays open for more and its state. */
export function endReasoning(state: EncoderState): ResponseEvent[] {
  const item = state.open.get('reasoning');
  if (item?.kind !== 'reasoning' || !item.isOpen) return [];
  item.isOpen = false;
  const where = { ...whereOf(item), summary_index: item.texts.length - 1 };
  const text = item.texts.at(-1) ?? '';
  return [
    toEvent(state, 'response.reasoning_summary_text.done', { ...where, text }),
    toEvent(state, 'response.reasoning_summary_part.done', { ...where, part: summaryPart(text) }),
  ];
}

/** The parts of what was thought, as they were sent; undefined when none was. */
export function sentThoughts(state: EncoderState): string[] | undefined {
  const item = state.open.get('reasoning');
  return item?.kind === 'reasoning' && item.texts.length > 0 ? item.texts : undefined;
}

/** Items of a response in the order that they were sent in. */
export function sortAsSent<Item extends { id: string }>({ open }: EncoderState, items: Item[]): Item[] {
  const sent = [...open.values()].map(({ id }) => id);
  return items.toSorted((one, other) => sent.indexOf(one.id) - sent.indexOf(other.id));
}

/** Closes every item, in order. */
export function closeItems(state: EncoderState, status: 'completed' | 'incomplete'): ResponseEvent[] {
  const thought = endReasoning(state);
  const items = [...state.open.values()];
  state.open.clear();
  return [...thought, ...items.flatMap((item) => closeItem(state, item, status))];
}

function closeItem(state: EncoderState, item: Item, status: 'completed' | 'incomplete'): ResponseEvent[] {
  const done = toEvent.bind(null, state);
  const where = whereOf(item);
  const ends: ResponseEvent[] = [];
  if (item.kind === 'call' && item.call.custom === true) {
    const input = customInput(item.call.function.arguments);
    ends.push(done('response.custom_tool_call_input.delta', { ...where, delta: input }));
    ends.push(done('response.custom_tool_call_input.done', { ...where, input }));
  } else if (item.kind === 'call') {
    const { name: called, arguments: text } = item.call.function;
    const { name, isSearch } = state.names.get(called) ?? { name: called };
    const event = 'response.function_call_arguments.done';
    if (isSearch !== true) ends.push(done(event, { ...where, name, arguments: text }));
  }
  if (item.kind === 'message' && item.text !== '') {
    const at = { ...where, content_index: 0 };
    ends.push(done('response.output_text.done', { ...at, text: item.text, logprobs: item.logprobs }));
    ends.push(done('response.content_part.done', { ...at, part: textPart(item.text, item.logprobs) }));
  }
  if (item.kind === 'message' && item.refusal !== '') {
    const at = { ...where, content_index: item.text === '' ? 0 : 1 };
    ends.push(done('response.refusal.done', { ...at, refusal: item.refusal }));
    ends.push(done('response.content_part.done', { ...at, part: refusalPart(item.refusal) }));
  }
  const closed = { output_index: item.index, item: toItem(state, item, status) };
  return [...ends, done('response.output_item.done', closed)];
}

function toItem({ names }: EncoderState, item: Item, status: 'in_progress' | 'completed' | 'incomplete') {
  if (item.kind === 'call') return toCallItem(item.id, status, item.call, names);
  if (item.kind === 'reasoning') return toReasoningItem(item.id, item.texts, item.state);
  const parts = [
    ...(item.text === '' ? [] : [textPart(item.text, item.logprobs)]),
    ...(item.refusal === '' ? [] : [refusalPart(item.refusal)]),
  ];
  return toMessageItem(item.id, status, status === 'in_progress' ? [] : parts);
}

/** The one message of the output. */
export function openMessage(state: EncoderState) {
  return openItem(state, 'message', (index) => {
    const id = itemId(state, messageItemId(state.responseId));
    return { kind: 'message', index, id, text: '', refusal: '', logprobs: [] };
  });
}

/** The item of this key, and the events that open it where it is new. */
export function openItem<Kind extends Item['kind']>(
  state: EncoderState,
  key: string,
  create: (index: number) => ItemOf<Kind>,
): { item: ItemOf<Kind>; events: ResponseEvent[] } {
  const known = state.open.get(key);
  if (known !== undefined) return { item: known as ItemOf<Kind>, events: [] };
  const item = create(state.items);
  state.open.set(key, item);
  state.items += 1;
  const added = { output_index: item.index, item: toItem(state, item, 'in_progress') };
  return { item, events: [toEvent(state, 'response.output_item.added', added)] };
}

/** A part of a message begins. */
export function partAdded(state: EncoderState, item: Item, index: number, part: object): ResponseEvent[] {
  return [toEvent(state, 'response.content_part.added', { ...whereOf(item), content_index: index, part })];
}

/** Where an event of an item belongs. */
export const whereOf = ({ id, index }: Item) => ({ item_id: id, output_index: index });

/** The id that the item has in the response at the end, until output was taken back. */
export const itemId = ({ resets }: EncoderState, id: string) => (resets === 0 ? id : `${id}_${resets}`);
