import type { ChatRequest, Message, ToolCall } from '../chat/chat.ts';
import { clientPathOf } from '../chat/client-path.ts';
import { measureJson, requestLimits } from '../platform/json/measure-json.ts';
import type { ModelSupport, Refusal, UpstreamKind } from './refusal.ts';
import { refuseExtra } from './refuse-extra.ts';
import { refuseParts } from './refuse-parts.ts';

/** What a provider cannot do with the messages and tools of a request, by field path. */
export function refuseMessages(request: ChatRequest, kind: UpstreamKind, supports: ModelSupport): Refusal[] {
  const turns: Turns = { known: new Set(), valuesLeft: requestLimits.valuesMax };
  const isForeign = kind === 'anthropic' || kind === 'google';
  const refusals = request.messages.flatMap((message, index): Refusal[] => {
    const path = clientPathOf(message) ?? `messages.${index}`;
    return [
      ...refuseParts(message, path, kind, supports),
      ...refuseExtra(message, path, kind),
      ...(isForeign ? refuseTurn(message, path, turns) : []),
    ];
  });
  const tools = (request.tools ?? []).flatMap((tool, index) => refuseExtra(tool, `tools.${index}`, kind));
  return [...refusals, ...(isForeign ? refuseSilence(request.messages, kind) : []), ...tools];
}

/** An empty turn is left out on the way to these providers; one at least has to say something. */
function refuseSilence(messages: Message[], kind: UpstreamKind): Refusal[] {
  const turns = messages.filter((message) => !isInstruction(message));
  if (turns.some((message) => !isEmpty(message, kind))) return [];
  const [first] = turns;
  if (first === undefined) {
    return [{ param: 'messages', message: 'this provider needs a message that is no instruction' }];
  }
  const path = clientPathOf(first) ?? `messages.${messages.indexOf(first)}`;
  return [{ param: `${path}.content`, message: 'this provider takes no empty message' }];
}

function isInstruction(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer';
}

/** For Claude white space is nothing ("text content blocks must contain non-whitespace text"). */
function isEmpty(message: Message, kind: UpstreamKind): boolean {
  if (message.role === 'tool') return false;
  const isSilent = (text: string) => (kind === 'anthropic' ? text.trim() : text) === '';
  const { content } = message;
  const isCall = message.role === 'assistant' && (message.tool_calls ?? []).length > 0;
  const refusal = message.role === 'assistant' ? message.refusal : null;
  if (isCall) return false;
  if (content === undefined || content === null) return !refusal;
  if (typeof content === 'string') return isSilent(content) && !refusal;
  return content.every((part) => part.type === 'text' && isSilent(part.text));
}

/**
 * Of the turns so far: the tool calls that results may refer to, and how many values the arguments after them
 * may still hold.
 */
type Turns = { known: Set<string>; valuesLeft: number };

/** What Anthropic and Gemini want of a single turn. */
function refuseTurn(message: Message, path: string, turns: Turns): Refusal[] {
  const { known } = turns;
  if (message.role === 'tool') {
    if (known.has(message.tool_call_id)) return [];
    const id = JSON.stringify(message.tool_call_id);
    const param = clientPathOf(message) ?? `${path}.tool_call_id`;
    return [{ param, message: `no tool call before it has the id ${id}` }];
  }
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return calls.flatMap((call, index) => {
    known.add(call.id);
    const param = clientPathOf(call) ?? `${path}.tool_calls.${index}.function.arguments`;
    return refuseArguments(call, turns).map((text) => ({ param, message: text }));
  });
}

function refuseArguments(call: ToolCall, turns: Turns): string[] {
  const { valuesMax, membersMax } = requestLimits;
  const limits = { valuesMax: turns.valuesLeft, membersMax };
  const { values, excess } = measureJson(Buffer.from(call.function.arguments), limits);
  turns.valuesLeft -= values;
  if (excess === null) return [];
  return [
    `the arguments of all calls may hold ${valuesMax} JSON values, and ${membersMax} in one array or object; these hold more`,
  ];
}
