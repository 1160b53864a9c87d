import type { ChatCompletion, Choice, ToolCall } from '../../chat/chat.ts';
import { customInput } from '../../chat/custom-tools.ts';
import { suffixOf } from '../../ids.ts';
import { readJson } from '../../platform/json/read-json.ts';
import type { ClientName } from './response-namespaces.ts';

/**
 * The ids of the items of a response, made from the response's own, so that events, object and references
 * agree.
 */
export function messageItemId(responseId: string): string {
  return `msg_${suffixOf(responseId)}`;
}
export function callItemId(responseId: string, index: number): string {
  return `fc_${suffixOf(responseId)}_${index}`;
}
export function reasoningItemId(responseId: string): string {
  return `rs_${suffixOf(responseId)}`;
}

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export const textPart = (text: string, logprobs: unknown[] = []) => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs,
});
export const refusalPart = (refusal: string) => ({ type: 'refusal', refusal });
export const summaryPart = (text: string) => ({ type: 'summary_text', text });

export function toMessageItem(id: string, status: ItemStatus, content: object[]) {
  return { type: 'message' as const, id, role: 'assistant' as const, status, content };
}

/** The names of tools that their client knows otherwise, by the names that models call them by. */
export type ClientNames = ReadonlyMap<string, ClientName>;
export const sameNames: ClientNames = new Map();

/**
 * A call as an item, under the name that its client knows the tool by: of a custom tool, the free text that
 * it is called with.
 */
export function toCallItem(id: string, status: ItemStatus, call: ToolCall, names: ClientNames) {
  const { name: called, arguments: text } = call.function;
  const { isSearch, ...name } = names.get(called) ?? { name: called };
  const state = call.extra_content === undefined ? {} : { extra_content: call.extra_content };
  if (call.custom === true) {
    return {
      type: 'custom_tool_call' as const,
      id,
      call_id: call.id,
      ...name,
      input: customInput(text),
      status,
    };
  }
  if (isSearch === true) {
    const found = { execution: 'client' as const, arguments: argumentsOf(text), status };
    return { type: 'tool_search_call' as const, id, call_id: call.id, ...found };
  }
  return { type: 'function_call' as const, id, call_id: call.id, ...name, arguments: text, status, ...state };
}

/** The arguments of a search are no text; while they are not whole there are none. */
function argumentsOf(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return {};
  }
}

/** Those of the text; chat completions have them in the same shape. */
export function logprobsOf({ logprobs }: Choice): unknown[] {
  const content = (logprobs as { content?: unknown } | null | undefined)?.content;
  return Array.isArray(content) ? content : [];
}

/** What was thought, for readers, and what the provider wants back with the turn. */
export function toReasoningItem(id: string, texts: string[], state: Choice['message']['extra_content']) {
  return {
    type: 'reasoning' as const,
    id,
    summary: texts.filter((text) => text !== '').map(summaryPart),
    ...(state === undefined ? {} : { extra_content: state }),
  };
}

/**
 * The items of the output: what was thought, a message when there is text, each call. A state that a provider
 * wants back stands last when nothing of its thinking is shown, since it comes at the end. `thoughts` are the
 * parts that what was thought was streamed in.
 */
export function toOutput(
  completion: ChatCompletion,
  responseId: string,
  status: ItemStatus,
  names: ClientNames = sameNames,
  thoughts?: string[],
): unknown[] {
  const [choice] = completion.choices;
  if (choice === undefined) return [];
  const { content, refusal, tool_calls: calls = [], reasoning_content = '', extra_content } = choice.message;
  const parts = [
    ...(content === null || content === '' ? [] : [textPart(content, logprobsOf(choice))]),
    ...(refusal === null ? [] : [refusalPart(refusal)]),
  ];
  const items: unknown[] = calls.map((call, index) =>
    toCallItem(callItemId(responseId, index), status, call, names),
  );
  if (parts.length > 0 || calls.length === 0) {
    const message = toMessageItem(messageItemId(responseId), status, parts);
    items.splice(choice.message.calls_before_text ?? 0, 0, message);
  }
  const reasoning = toReasoningItem(
    reasoningItemId(responseId),
    thoughts ?? [reasoning_content],
    extra_content,
  );
  if (reasoning_content !== '') return [reasoning, ...items];
  return extra_content === undefined ? items : [...items, reasoning];
}
