import type { Content, Part } from '@google/genai';
import { parseDataUrl } from '../../shared/catalogue/data-url.ts';
import type {
  Part as ChatPart,
  ExtraContent,
  ImagePart,
  Message,
  TextPart,
  ToolCall,
} from '../../shared/chat/chat.ts';
import { isRecord, parseJson, readText } from './read-field.ts';

/**
 * All instructions; intake has seen to it that none stands between turns, where Gemini has no field for one.
 */
export function toSystemInstruction(messages: Message[]): Part[] {
  return messages.flatMap((message) =>
    message.role === 'system' || message.role === 'developer' ? textParts(message.content) : [],
  );
}

/**
 * The turns, with tool results that belong together in one turn, as Gemini wants the answers to parallel
 * calls.
 */
export function toGoogleContents(messages: Message[]): Content[] {
  const toolNames = new Map<string, string>();
  const turns: { role: string; parts: Part[] }[] = [];
  for (const message of messages) {
    if (!isTurn(message)) continue;
    const role = message.role === 'assistant' ? 'model' : 'user';
    const parts = toParts(message, toolNames);
    const last = turns.at(-1);
    if (last?.role === role && role === 'user') last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  return turns;
}

type Turn = Exclude<Message, { role: 'system' | 'developer' }>;

function isTurn(message: Message): message is Turn {
  return message.role !== 'system' && message.role !== 'developer';
}

function toParts(message: Turn, toolNames: Map<string, string>): Part[] {
  if (message.role === 'user') return userParts(message.content);
  if (message.role === 'assistant') {
    for (const call of message.tool_calls ?? []) toolNames.set(call.id, call.function.name);
    return assistantParts(message);
  }
  const output = textParts(textsOf(message.content))
    .map((part) => part.text ?? '')
    .join('');
  // Gemini takes an object; under `output` the text stays exactly what the tool said, JSON or not.
  const response = { output };
  const name = toolNames.get(message.tool_call_id) ?? message.tool_call_id;
  return [{ functionResponse: { id: message.tool_call_id, name, response } }];
}

function textParts(content: string | TextPart[] | null | undefined): Part[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ text: content }];
  return content.filter((part) => part.text !== '').map((part) => ({ text: part.text }));
}

function userParts(content: string | ChatPart[]): Part[] {
  if (typeof content === 'string') return textParts(content);
  return content.flatMap((part) => {
    if (part.type === 'image_url') return [imagePart(part)];
    return part.type === 'text' ? textParts([part]) : [];
  });
}

const textsOf = (content: string | ChatPart[]) =>
  typeof content === 'string' ? content : content.filter((part) => part.type === 'text');

function imagePart(part: ImagePart): Part {
  const data = parseDataUrl(part.image_url.url);
  if (data === null) throw new Error('Gemini takes images as base64 data URLs only');
  return { inlineData: { mimeType: data.mediaType, data: data.base64 } };
}

function assistantParts(message: Extract<Message, { role: 'assistant' }>): Part[] {
  const text = textParts(message.content ?? message.refusal);
  const signature = thoughtSignature(message.extra_content);
  const last = text.at(-1);
  // Gemini 3 signs the last text of a turn, even an empty one.
  if (signature !== null && last !== undefined) last.thoughtSignature = signature;
  const signed: Part[] =
    signature !== null && last === undefined ? [{ text: '', thoughtSignature: signature }] : text;
  return [...signed, ...(message.tool_calls ?? []).map(functionCallPart)];
}

function functionCallPart(call: ToolCall): Part {
  const args = parseJson(call.function.arguments || '{}');
  const signature = thoughtSignature(call.extra_content);
  return {
    functionCall: { id: call.id, name: call.function.name, args: isRecord(args) ? args : {} },
    ...(signature !== null && { thoughtSignature: signature }),
  };
}

function thoughtSignature(extra: ExtraContent | undefined): string | null {
  return readText(extra?.google, 'thought_signature');
}
