import { z } from 'zod';
import type { ExtraContent, ImagePart, Message, TextPart, ToolCall } from '../../chat/chat.ts';
import { assistantExtra, callExtra } from '../common/extra-content.ts';

export const imageSchema = z
  .string()
  .regex(/^(?:https?:\/\/[^/\s]|data:image\/(?:png|jpeg|jpg|gif|webp);base64,)/i, {
    error: 'must be an http(s) URL or a base64 data: URL of a PNG, JPEG, GIF or WebP',
  });

const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const inputImage = z.strictObject({
  type: z.literal('input_image'),
  detail: z.enum(['low', 'high', 'auto']).nullish(),
  image_url: imageSchema,
  file_id: z.null({ error: 'files are not supported' }).optional(),
});
/**
 * `parsed`, like `parsed_arguments` of a call, is what an SDK made of the text for its user; it says nothing
 * more.
 */
const outputText = z
  .strictObject({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(z.unknown()).nullish(),
    logprobs: z.array(z.unknown()).nullish(),
    parsed: z.unknown().optional(),
  })
  .transform(({ parsed: _, ...part }) => part);
const outputRefusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

const unsupportedPart = 'must be input_text, input_image or output_text; files and audio are not supported';
const contentPart = z.discriminatedUnion('type', [inputText, inputImage, outputText, outputRefusal], {
  error: unsupportedPart,
});

const status = z.enum(['in_progress', 'completed', 'incomplete']).nullish();

const messageItem = z.strictObject({
  type: z.literal('message').nullish(),
  id: z.string().nullish(),
  status,
  phase: z.string().nullish(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([z.string(), z.array(contentPart).min(1)]),
});
const callItem = z
  .strictObject({
    type: z.literal('function_call'),
    id: z.string().nullish(),
    status,
    call_id: z.string().min(1),
    name: z.string().min(1),
    arguments: z.string(),
    extra_content: callExtra,
    parsed_arguments: z.unknown().optional(),
  })
  .transform(({ parsed_arguments: _, ...item }) => item);
const callOutputItem = z.strictObject({
  type: z.literal('function_call_output'),
  id: z.string().nullish(),
  status,
  call_id: z.string().min(1),
  output: z.union([z.string(), z.array(inputText).min(1)]),
});
/**
 * What a provider wants back with the turn it belongs to: thinking, signatures. Only `extra_content` can be
 * given back; a reasoning item without it says nothing here.
 */
const reasoningItem = z.looseObject({ type: z.literal('reasoning'), extra_content: assistantExtra });

const unsupportedItem =
  'must be message, function_call, function_call_output or reasoning; no other items are supported';
const unsupportedReference =
  'item_reference is not supported; send the item itself, or the response it came with as previous_response_id';

/** One item of `input`, as the Responses API takes it; one without a type is a message. */
export const inputItemSchema = z.discriminatedUnion(
  'type',
  [messageItem, callItem, callOutputItem, reasoningItem],
  { error: ({ input }) => (isReference(input) ? unsupportedReference : unsupportedItem) },
);
export type InputItem = z.output<typeof inputItemSchema>;

function isReference(item: unknown): boolean {
  return (item as { type?: unknown } | null)?.type === 'item_reference';
}

/**
 * Items as messages of ours. Calls belong to the assistant's turn before them, so that a turn with text and
 * calls is one message again.
 */
export function fromItems(items: InputItem[]): Message[] {
  const messages: Message[] = [];
  /** Of reasoning that came before the turn it belongs to. */
  let ahead: ExtraContent | null = null;
  for (const item of items) {
    if (item.type === 'reasoning') {
      const state = item.extra_content ?? null;
      ahead = giveState(messages.at(-1), state) ? null : (state ?? ahead);
      continue;
    }
    if (item.type === 'function_call') addCall(messages, item as z.output<typeof callItem>);
    else if (item.type === 'function_call_output')
      messages.push(fromOutput(item as z.output<typeof callOutputItem>));
    else messages.push(fromMessage(item as z.output<typeof messageItem>));
    if (giveState(messages.at(-1), ahead)) ahead = null;
  }
  return messages;
}

/** Hangs state on an assistant's turn that has none yet; whether it did. */
function giveState(message: Message | undefined, state: ExtraContent | null): boolean {
  if (state === null || message?.role !== 'assistant' || message.extra_content !== undefined) return false;
  message.extra_content = state;
  return true;
}

function addCall(messages: Message[], item: z.output<typeof callItem>): void {
  const call: ToolCall = {
    id: item.call_id,
    type: 'function',
    function: { name: item.name, arguments: item.arguments },
    ...(item.extra_content ? { extra_content: item.extra_content } : {}),
  };
  const last = messages.at(-1);
  if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
  else messages.push({ role: 'assistant', content: null, tool_calls: [call] });
}

function fromOutput({ call_id, output }: z.output<typeof callOutputItem>): Message {
  const content =
    typeof output === 'string' ? output : output.map(({ text }): TextPart => ({ type: 'text', text }));
  return { role: 'tool', tool_call_id: call_id, content };
}

function fromMessage({ role, content }: z.output<typeof messageItem>): Message {
  if (typeof content === 'string') return { role, content } as Message;
  if (role === 'assistant') {
    const text = content.map((part) => ('text' in part ? part.text : '')).join('');
    const refusal = content.map((part) => (part.type === 'refusal' ? part.refusal : '')).join('');
    return { role, content: text === '' ? null : text, ...(refusal !== '' && { refusal }) };
  }
  return { role, content: content.map(toPart) } as Message;
}

function toPart(part: z.output<typeof contentPart>): TextPart | ImagePart {
  if (part.type === 'input_image') {
    const { image_url: url, detail } = part;
    return { type: 'image_url', image_url: { url, ...(detail ? { detail } : {}) } };
  }
  return { type: 'text', text: part.type === 'refusal' ? part.refusal : part.text };
}
