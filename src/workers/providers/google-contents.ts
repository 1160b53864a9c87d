import type { Content, Part } from '@google/genai';
import { isBudgetGemini } from '../../shared/catalogue/model-traits.ts';
import type { ExtraContent, Message, TextPart, ToolCall } from '../../shared/chat/chat.ts';
import { foldInstruction, textOf, toForeignHistory, withFitIds } from './foreign-history.ts';
import { shownParts, textParts } from './google-parts.ts';
import { isRecord, parseJson, readField, readText } from './read-field.ts';

type Instruction = Extract<Message, { role: 'system' | 'developer' }>;

function isInstruction(message: Message): message is Instruction {
  return message.role === 'system' || message.role === 'developer';
}

/** The instructions before the first turn; Gemini has no field for those after it. */
export function toSystemInstruction(messages: Message[]): Part[] {
  return messages
    .slice(0, countLeading(messages))
    .flatMap((message) => (isInstruction(message) ? textParts(message.content) : []));
}

function countLeading(messages: Message[]): number {
  const first = messages.findIndex((message) => !isInstruction(message));
  return first === -1 ? messages.length : first;
}

/**
 * The turns of a history, whoever made it, with tool results that belong together in one turn, as Gemini
 * wants the answers to parallel calls. An instruction between turns is said by the user where it stands.
 */
export function toGoogleContents(messages: Message[], model: string): Content[] {
  const history = withFitIds(toForeignHistory(messages.slice(countLeading(messages))), (id) => id);
  const toolNames = new Map<string, string>();
  const turns: { role: string; parts: Part[] }[] = [];
  for (const message of history) {
    const role = message.role === 'assistant' ? 'model' : 'user';
    const parts = toParts(message, toolNames);
    if (parts.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  for (const turn of turns) {
    if (turn.role === 'user') turn.parts = resultsFirst(turn.parts);
    else if (!isBudgetGemini(model)) signFirstCall(turn.parts);
  }
  return turns;
}

/** The answers to calls come before what the user says, and before what a tool has shown. */
function resultsFirst(parts: Part[]): Part[] {
  const isResult = (part: Part) => part.functionResponse !== undefined;
  return [...parts.filter(isResult), ...parts.filter((part) => !isResult(part))];
}

/**
 * What Google names for calls that no Gemini 3 has signed, because another model made them or a client lost
 * the signature: it refuses the first call of a turn without one. Source: its page on thought signatures.
 */
const unsignedPlaceholder = 'skip_thought_signature_validator';

function signFirstCall(parts: Part[]): void {
  const first = parts.find((part) => part.functionCall !== undefined);
  if (first !== undefined) first.thoughtSignature ??= unsignedPlaceholder;
}

function toParts(message: Message, toolNames: Map<string, string>): Part[] {
  if (isInstruction(message)) return [{ text: foldInstruction(textOf(message.content)) }];
  if (message.role === 'user') return shownParts(message.content);
  if (message.role === 'tool') return resultParts(message, toolNames);
  for (const call of message.tool_calls ?? []) toolNames.set(call.id, call.function.name);
  return assistantParts(message);
}

/** Images and documents of a result follow it, since the response itself is an object of JSON. */
function resultParts(message: Extract<Message, { role: 'tool' }>, toolNames: Map<string, string>): Part[] {
  const text = textOf(message.content);
  // Gemini takes an object; in it the text stays exactly what the tool said, JSON or not.
  const hasFailed = readField(message.extra_content?.anthropic, 'is_error') === true;
  const response = hasFailed ? { error: text } : { output: text };
  const name = toolNames.get(message.tool_call_id) ?? message.tool_call_id;
  const shown =
    typeof message.content === 'string' ? [] : message.content.filter(({ type }) => type !== 'text');
  return [{ functionResponse: { id: message.tool_call_id, name, response } }, ...shownParts(shown)];
}

function assistantParts(message: Extract<Message, { role: 'assistant' }>): Part[] {
  const words: string | TextPart[] | null | undefined = message.content || message.refusal;
  const text = textParts(words);
  const signature = thoughtSignature(message.extra_content);
  const last = text.at(-1);
  // Gemini 3 signs the last text of a turn, even an empty one.
  if (signature !== null && last !== undefined) last.thoughtSignature = signature;
  const signed: Part[] =
    signature !== null && last === undefined ? [{ text: '', thoughtSignature: signature }] : text;
  return [...signed, ...(message.tool_calls ?? []).map(functionCallPart)];
}

/** A model may have written what is no object; it is given back what it wrote, as a text. */
function functionCallPart(call: ToolCall): Part {
  const args = parseJson(call.function.arguments || '{}');
  const signature = thoughtSignature(call.extra_content);
  return {
    functionCall: {
      id: call.id,
      name: call.function.name,
      args: isRecord(args) ? args : { input: call.function.arguments },
    },
    ...(signature !== null && { thoughtSignature: signature }),
  };
}

function thoughtSignature(extra: ExtraContent | undefined): string | null {
  return readText(extra?.google, 'thought_signature');
}
