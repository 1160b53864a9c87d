import type { ChatCompletion, Delta, ToolCall } from '../../chat/chat.ts';
import {
  closeItems,
  type EncoderState,
  endReasoning,
  type ItemOf,
  itemId,
  openItem,
  openMessage,
  partAdded,
  type ResponseEvent,
  toEvent,
  whereOf,
} from './open-items.ts';
import {
  callItemId,
  logprobsOf,
  reasoningItemId,
  refusalPart,
  summaryPart,
  textPart,
} from './output-items.ts';

type CallDelta = Extract<Delta, { kind: 'tool_call' }>;

/** More of the output. */
export function encodeDelta(state: EncoderState, delta: Delta): ResponseEvent[] {
  if (delta.kind === 'reasoning') return encodeReasoning(state, delta.text);
  const thought = endReasoning(state);
  if (delta.kind === 'text') return [...thought, ...encodeText(state, delta.text)];
  return [...thought, ...encodeToolCall(state, delta)];
}

function encodeText(state: EncoderState, more: string): ResponseEvent[] {
  const { item, events } = openMessage(state);
  if (item.text === '') events.push(...partAdded(state, item, 0, textPart('')));
  item.text += more;
  const delta = { ...whereOf(item), content_index: 0, delta: more, logprobs: [] };
  return [...events, toEvent(state, 'response.output_text.delta', delta)];
}

function encodeReasoning(state: EncoderState, more: string): ResponseEvent[] {
  const { item, events } = openReasoning(state);
  if (!item.isOpen) item.texts.push('');
  const summary_index = item.texts.length - 1;
  const where = { ...whereOf(item), summary_index };
  if (!item.isOpen) {
    events.push(toEvent(state, 'response.reasoning_summary_part.added', { ...where, part: summaryPart('') }));
  }
  item.isOpen = true;
  item.texts[summary_index] += more;
  return [...events, toEvent(state, 'response.reasoning_summary_text.delta', { ...where, delta: more })];
}

function encodeToolCall(state: EncoderState, delta: CallDelta): ResponseEvent[] {
  const { item, events } = openItem(state, `call ${delta.index}`, (index) => ({
    kind: 'call',
    index,
    id: itemId(state, callItemId(state.responseId, delta.index)),
    call: {
      id: delta.id ?? '',
      type: 'function',
      function: { name: delta.name ?? '', arguments: '' },
      ...(delta.custom === true ? { custom: true } : {}),
    },
  }));
  const { call } = item;
  if (delta.extra_content !== undefined) call.extra_content = delta.extra_content;
  call.function.arguments += delta.arguments;
  // The text of a custom tool is inside its arguments, and those of a search are an object: they can be read
  // once they are whole.
  const isSearch = state.names.get(call.function.name)?.isSearch === true;
  if (delta.arguments === '' || call.custom === true || isSearch) return events;
  const more = { ...whereOf(item), delta: delta.arguments };
  return [...events, toEvent(state, 'response.function_call_arguments.delta', more)];
}

/** What was sent does not count: its items stay incomplete, and the answer begins anew in the next ones. */
export function resetItems(state: EncoderState): ResponseEvent[] {
  const closed = closeItems(state, 'incomplete');
  if (state.items > 0) state.resets += 1;
  return closed;
}

/**
 * What the result has and no event had: all of it when the output was not streamed, or its log was lost.
 */
export function encodeRemainder(state: EncoderState, completion: ChatCompletion): ResponseEvent[] {
  const [choice] = completion.choices;
  if (choice === undefined) return [];
  const { message } = choice;
  const calls = message.tool_calls ?? [];
  const text = message.content ?? '';
  const takenBack = isPrefix(state, text, calls) ? [] : resetItems(state);
  const sent = state.open.get('message') as ItemOf<'message'> | undefined;
  const rest = text.slice((sent?.text ?? '').length);
  const thought = message.reasoning_content ?? '';
  const before = message.calls_before_text ?? 0;
  const unsent = calls.flatMap((call, index) => (state.open.has(`call ${index}`) ? [] : [{ call, index }]));
  const encodeCalls = (some: typeof unsent) =>
    some.flatMap(({ call, index }) => encodeDelta(state, toDelta(call, index)));
  const events = [
    ...takenBack,
    ...(thought === '' || state.open.size > 0 ? [] : encodeReasoning(state, thought)),
    ...endReasoning(state),
    ...encodeCalls(unsent.filter(({ index }) => index < before)),
    ...(rest === '' ? [] : encodeText(state, rest)),
    ...(message.refusal === null ? [] : encodeRefusal(state, message.refusal)),
    ...(text === '' && message.refusal === null && calls.length === 0 ? openMessage(state).events : []),
    ...encodeCalls(unsent.filter(({ index }) => index >= before)),
    ...addState(state, message.extra_content),
  ];
  keepLogprobs(state, logprobsOf(choice));
  return events;
}

/** They are known at the end, of the text as a whole. */
function keepLogprobs(state: EncoderState, logprobs: unknown[]): void {
  const item = state.open.get('message');
  if (item?.kind === 'message') item.logprobs = logprobs;
}

function isPrefix(state: EncoderState, text: string, calls: ToolCall[]): boolean {
  return [...state.open].every(([key, item]) => {
    if (item.kind === 'message') return text.startsWith(item.text);
    if (item.kind === 'reasoning') return true;
    return calls[Number(key.slice('call '.length))]?.function.arguments === item.call.function.arguments;
  });
}

function encodeRefusal(state: EncoderState, refusal: string): ResponseEvent[] {
  const { item, events } = openMessage(state);
  const index = item.text === '' ? 0 : 1;
  item.refusal = refusal;
  const where = { ...whereOf(item), content_index: index };
  return [
    ...events,
    ...partAdded(state, item, index, refusalPart('')),
    toEvent(state, 'response.refusal.delta', { ...where, delta: refusal }),
  ];
}

/** What the provider wants back with the turn, in an item of its own where none of its thinking was shown. */
function addState(state: EncoderState, extra: ToolCall['extra_content']): ResponseEvent[] {
  if (extra === undefined) return [];
  const { item, events } = openReasoning(state);
  item.state = extra;
  return events;
}

function toDelta(call: ToolCall, index: number): CallDelta {
  const { id, custom, extra_content, function: fn } = call;
  return {
    kind: 'tool_call',
    choice: 0,
    index,
    id,
    name: fn.name,
    arguments: fn.arguments,
    ...(custom === true ? { custom } : {}),
    ...(extra_content === undefined ? {} : { extra_content }),
  };
}

function openReasoning(state: EncoderState) {
  return openItem<'reasoning'>(state, 'reasoning', (index) => {
    const id = itemId(state, reasoningItemId(state.responseId));
    return { kind: 'reasoning', index, id, texts: [], isOpen: false };
  });
}
