import type { ToolCall } from '../../shared/chat/chat.ts';
import { customArguments } from '../../shared/chat/custom-tools.ts';
import { keptReasoningItem } from '../../shared/formats/common/extra-content.ts';
import { toolSearch } from '../../shared/formats/openai-responses/response-namespaces.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';

/** Between two messages, or two pieces of reasoning, of one answer. */
export const itemGap = '\n\n';

/** What the items of a response come to in one message. */
export type ReadOutput = {
  /** Of each message of the output. */
  texts: string[];
  refusal: string | null;
  toolCalls: ToolCall[];
  /** How many of the calls come before the first text. */
  callsBeforeText: number;
  /** The summaries of what it thought. */
  reasoning: string;
  /** Reasoning that can be given back, with the id of the call it led to; none where it led to a text. */
  reasoningItems: Record<string, unknown>[];
  phases: unknown[];
  logprobs: unknown[];
};

/**
 * Reads `output` of a `Response` (`ResponseOutputItem` of the SDK) in its order. Kinds that nobody asked for
 * are passed over.
 */
export function readOutput(output: readonly unknown[]): ReadOutput {
  const read: ReadOutput = {
    texts: [],
    refusal: null,
    toolCalls: [],
    callsBeforeText: 0,
    reasoning: '',
    reasoningItems: [],
    phases: [],
    logprobs: [],
  };
  let waiting: Record<string, unknown>[] = [];
  for (const item of output) {
    const type = readText(item, 'type');
    if (type === 'reasoning') waiting.push(...takeReasoning(read, item));
    const call = toToolCall(item);
    if (call === null && type !== 'message') continue;
    const before = call === null ? {} : { before: call.id };
    read.reasoningItems.push(...waiting.map((kept) => ({ ...kept, ...before })));
    waiting = [];
    if (call !== null) read.toolCalls.push(call);
    else takeMessage(read, item);
  }
  return read;
}

function takeReasoning(read: ReadOutput, item: unknown): Record<string, unknown>[] {
  const shown = reasoningText(item);
  read.reasoning += (read.reasoning !== '' && shown !== '' ? itemGap : '') + shown;
  const kept = keptReasoningItem(item);
  return kept === null ? [] : [kept];
}

/** What a reasoning item shows: its summary, or the reasoning itself where a model gives that away. */
export function reasoningText(item: unknown): string {
  const parts = [...readList(item, 'summary'), ...readList(item, 'content')];
  return parts.map((part) => readText(part, 'text') ?? '').join(itemGap);
}

function takeMessage(read: ReadOutput, item: unknown): void {
  if (read.texts.join('') === '') read.callsBeforeText = read.toolCalls.length;
  read.texts.push(messageText(item));
  read.phases.push(readField(item, 'phase'));
  for (const part of readList(item, 'content')) {
    const refusal = readText(part, 'refusal');
    if (refusal !== null) read.refusal = (read.refusal ?? '') + refusal;
    read.logprobs.push(...readList(part, 'logprobs'));
  }
}

/** The text of a message item, its refusal left out. */
export function messageText(item: unknown): string {
  return readList(item, 'content')
    .map((part) => readText(part, 'text') ?? '')
    .join('');
}

/** A call of a function, a custom tool or the client's search; null for an item of another kind. */
export function toToolCall(item: unknown): ToolCall | null {
  const type = readText(item, 'type');
  if (type === 'tool_search_call' && readText(item, 'execution') === 'client') {
    const id = readText(item, 'call_id') ?? readText(item, 'id') ?? '';
    return { id, type: 'function', function: { name: toolSearch, arguments: readArguments(item) } };
  }
  if (type !== 'function_call' && type !== 'custom_tool_call') return null;
  const id = readText(item, 'call_id') ?? readText(item, 'id');
  const name = readText(item, 'name');
  if (id === null || name === null) throw new Error('the provider sent a tool call without id or name');
  const isCustom = type === 'custom_tool_call';
  const text = isCustom ? customArguments(readText(item, 'input') ?? '') : readArguments(item);
  return { id, type: 'function', function: { name, arguments: text }, ...(isCustom && { custom: true }) };
}

/** Some servers with OpenAI's wire give arguments as the object itself. */
function readArguments(item: unknown): string {
  const given = readField(item, 'arguments');
  if (typeof given === 'string') return given;
  return isRecord(given) ? writeJson(given) : '';
}
