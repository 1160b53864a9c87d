import type { ResponseInputContent, ResponseInputItem } from 'openai/resources/responses/responses';
import type { Message, Part, ToolCall } from '../../shared/chat/chat.ts';
import { customInput } from '../../shared/chat/custom-tools.ts';
import { toResponseCallId } from '../../shared/formats/openai-responses/own-items.ts';
import { toForeignHistory, withFitIds } from './foreign-history.ts';
import { isRecord, pickFields, readList, readText } from './read-field.ts';

type AssistantMessage = Extract<Message, { role: 'assistant' }>;

/**
 * The messages as input items of the Responses API (`ResponseInputItem` of the SDK), in their order. A turn
 * of the assistant becomes its reasoning, its message and its calls, without ids of their own, since OpenAI
 * stores none of them.
 */
export function toResponseItems(given: Message[]): ResponseInputItem[] {
  const messages = withFitIds(toForeignHistory(given), toResponseCallId);
  const customIds = new Set(
    messages
      .flatMap(callsOf)
      .filter(isCustom)
      .map(({ id }) => id),
  );
  return messages.flatMap((message): ResponseInputItem[] => {
    if (message.role === 'assistant') return toTurn(message);
    if (message.role === 'tool') return [toResult(message, customIds.has(message.tool_call_id))];
    return [{ type: 'message', role: message.role, content: toInput(message) }];
  });
}

function callsOf(message: Message): ToolCall[] {
  return message.role === 'assistant' ? (message.tool_calls ?? []) : [];
}

type InputMessage = Exclude<Message, { role: 'assistant' | 'tool' }>;

/** The API has no name beside a message; who of several users spoke stands before what they said. */
function toInput({ role, name, content }: InputMessage): string | ResponseInputContent[] {
  const before = role === 'user' && name !== undefined ? `${name}: ` : '';
  if (typeof content === 'string') return before + content;
  return [...(before === '' ? [] : [textPart(before)]), ...content.map(toContent)];
}

const isCustom = (call: ToolCall) => call.custom === true;
const textPart = (text: string) => ({ type: 'input_text' as const, text });

function toContent(part: Part): ResponseInputContent {
  if (part.type === 'text') return textPart(part.text);
  if (part.type === 'image_url') {
    const { url, detail = 'auto' } = part.image_url;
    return { type: 'input_image', image_url: url, detail };
  }
  const { file } = part;
  if ('file_url' in file) return { type: 'input_file', file_url: file.file_url };
  return { type: 'input_file', file_data: file.file_data, filename: file.filename ?? 'document' };
}

/** OpenAI wants each piece of reasoning right before what came of it, and none that nothing came of. */
function toTurn(message: AssistantMessage): ResponseInputItem[] {
  const state = message.extra_content?.openai;
  const calls = callsOf(message);
  const words = toMessage(message, readText(state, 'phase'));
  if (words.length + calls.length === 0) return [];
  const ids = new Set<string | null>(calls.map(({ id }) => id));
  const reasoning = readList(state, 'reasoning_items').filter(isRecord);
  const leading = (id: string | null) => reasoning.filter((item) => readText(item, 'before') === id);
  const first = reasoning.filter((item) => !ids.has(readText(item, 'before')));
  return [
    ...first.flatMap(toReasoning),
    ...words,
    ...calls.flatMap((call) => [...leading(call.id).flatMap(toReasoning), toCall(call)]),
  ];
}

/** What is not encrypted is nothing that OpenAI could read again, since it stores no response for us. */
function toReasoning(item: Record<string, unknown>): ResponseInputItem[] {
  if (readText(item, 'encrypted_content') === null) return [];
  const given = pickFields(item, ['id', 'summary', 'encrypted_content']);
  return [{ type: 'reasoning', summary: [], ...given } as unknown as ResponseInputItem];
}

/**
 * An assistant's texts are output parts in a message without an id, which the API takes beside
 * `ResponseOutputMessage` (AI SDK and the Agents SDK send them so).
 */
function toMessage({ content, refusal }: AssistantMessage, phase: string | null): ResponseInputItem[] {
  const texts = typeof content === 'string' ? [content] : (content ?? []).map(({ text }) => text);
  const parts = [
    ...texts.filter((text) => text !== '').map((text) => ({ type: 'output_text', text, annotations: [] })),
    ...(refusal ? [{ type: 'refusal', refusal }] : []),
  ];
  if (parts.length === 0) return [];
  const item = { type: 'message', role: 'assistant', content: parts, ...(phase !== null && { phase }) };
  return [item as unknown as ResponseInputItem];
}

function toCall(call: ToolCall): ResponseInputItem {
  const { name, arguments: text } = call.function;
  const call_id = call.id;
  if (isCustom(call)) return { type: 'custom_tool_call', call_id, name, input: customInput(text) };
  return { type: 'function_call', call_id, name, arguments: text === '' ? '{}' : text };
}

function toResult(message: Extract<Message, { role: 'tool' }>, isOfCustom: boolean): ResponseInputItem {
  const { content } = message;
  const output = typeof content === 'string' ? content : content.map(toContent);
  const call_id = message.tool_call_id;
  if (isOfCustom) return { type: 'custom_tool_call_output', call_id, output };
  return { type: 'function_call_output', call_id, output };
}
