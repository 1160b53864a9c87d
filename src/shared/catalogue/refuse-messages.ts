import type { ChatRequest, ImagePart, Message, ToolCall } from '../chat/chat.ts';
import { measureJson, requestLimits } from '../platform/json/measure-json.ts';
import { parseDataUrl } from './data-url.ts';
import type { ModelSupport, Refusal, UpstreamKind } from './refusal.ts';
import { refuseExtra } from './refuse-extra.ts';

/** What a provider cannot do with the messages and tools of a request, by field path. */
export function refuseMessages(request: ChatRequest, kind: UpstreamKind, supports: ModelSupport): Refusal[] {
  const turns: Turns = { known: new Set(), valuesLeft: requestLimits.valuesMax };
  const firstTurn = request.messages.findIndex((message) => !isInstruction(message));
  const isForeign = kind === 'anthropic' || kind === 'google';
  const refusals = request.messages.flatMap((message, index): Refusal[] => {
    const path = `messages.${index}`;
    const own = [
      ...refuseImages(message, path, kind, supports),
      ...refuseExtra(message, path, kind),
      ...(isForeign ? refuseTurn(message, path, kind, turns) : []),
    ];
    const isLate = kind === 'google' && isInstruction(message) && firstTurn !== -1 && index > firstTurn;
    if (isLate) {
      own.push({ param: `${path}.role`, message: 'Gemini takes instructions before the first turn only' });
    }
    return own;
  });
  if (isForeign && firstTurn === -1) {
    refusals.push({ param: 'messages', message: 'this provider needs a message that is no instruction' });
  }
  const tools = (request.tools ?? []).flatMap((tool, index) => refuseExtra(tool, `tools.${index}`, kind));
  return [...refusals, ...tools];
}

function isInstruction(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer';
}

/**
 * Of the turns so far: the tool calls that results may refer to, and how many values the arguments after them
 * may still hold.
 */
type Turns = { known: Set<string>; valuesLeft: number };

/** What Anthropic and Gemini want of a single turn. */
function refuseTurn(message: Message, path: string, kind: UpstreamKind, turns: Turns): Refusal[] {
  const { known } = turns;
  const refusals: Refusal[] = [];
  const refuse = (field: string, text: string) => refusals.push({ param: `${path}.${field}`, message: text });
  if ('name' in message && message.name !== undefined)
    refuse('name', 'this provider has no names of speakers');
  if (message.role === 'tool') {
    if (!known.has(message.tool_call_id)) refuse('tool_call_id', 'no tool call before it has this id');
    return refusals;
  }
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  if (isEmpty(message) && calls.length === 0) refuse('content', 'this provider takes no empty message');
  calls.forEach((call, index) => {
    known.add(call.id);
    const problem = refuseCall(call, kind, turns);
    if (problem !== null) refuse(`tool_calls.${index}.${problem.param}`, problem.message);
  });
  return refusals;
}

function refuseCall(call: ToolCall, kind: UpstreamKind, turns: Turns): Refusal | null {
  const { valuesMax, membersMax } = requestLimits;
  const limits = { valuesMax: turns.valuesLeft, membersMax };
  const { values, excess } = measureJson(Buffer.from(call.function.arguments), limits);
  if (excess !== null) {
    const message = `the arguments of all calls may hold ${valuesMax} JSON values, and ${membersMax} in one array or object; these hold more`;
    return { param: 'function.arguments', message };
  }
  turns.valuesLeft -= values;
  if (!isObjectText(call.function.arguments)) {
    return { param: 'function.arguments', message: 'this provider takes a JSON object only' };
  }
  const isForeignId = kind === 'anthropic' && !/^[a-zA-Z0-9_-]+$/.test(call.id);
  return isForeignId ? { param: 'id', message: 'Anthropic takes letters, digits, _ and - only' } : null;
}

function isEmpty(message: Exclude<Message, { role: 'tool' }>): boolean {
  const { content } = message;
  const refusal = message.role === 'assistant' ? message.refusal : null;
  if (content === undefined || content === null) return !refusal;
  if (typeof content === 'string') return content === '';
  return content.every((part) => part.type === 'text' && part.text === '');
}

/** An empty text stands for no arguments, as OpenAI's own models send it. */
function isObjectText(text: string): boolean {
  if (text === '') return true;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function refuseImages(message: Message, path: string, kind: UpstreamKind, supports: ModelSupport): Refusal[] {
  if (message.role !== 'user' || typeof message.content === 'string') return [];
  return message.content.flatMap((part, index) => {
    if (part.type !== 'image_url') return [];
    const param = `${path}.content.${index}.image_url`;
    const problem = supports.vision === false ? 'this model does not see images' : imageProblem(part, kind);
    return problem === null ? [] : [{ param, message: problem }];
  });
}

/** Base64ImageSource of the Anthropic SDK 1.12, Gemini's list of image formats, OpenAI's of vision inputs. */
const mediaTypes: Record<UpstreamKind, string[]> = {
  openai: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'],
  compatible: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'],
  anthropic: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'],
  google: ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'],
};

function imageProblem({ image_url: { url, detail } }: ImagePart, kind: UpstreamKind): string | null {
  const isForeign = kind === 'anthropic' || kind === 'google';
  if (isForeign && detail !== undefined && detail !== 'auto') return 'this provider has no detail of images';
  if (/^https?:\/\//i.test(url)) {
    return kind === 'google'
      ? 'Gemini takes images as base64 data URLs only; the gateway fetches none'
      : null;
  }
  const data = parseDataUrl(url);
  if (data === null) return 'neither an http(s) URL nor a data URL with valid base64';
  return mediaTypes[kind].includes(data.mediaType) ? null : `this provider does not read ${data.mediaType}`;
}
