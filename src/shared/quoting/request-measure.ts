import type { ChatRequest, ExtraContent, Message, Part } from '../chat/chat.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import type { ImageSize } from './image-formats.ts';
import { imageSize } from './image-size.ts';
import { measurePassed } from './passed-text.ts';
import { emptyMeasure, measureText, type TextMeasure } from './text-tokens.ts';

/**
 * All a bound needs to know of a request, whatever the model: taken once, used for a model and each of its
 * fallbacks.
 */
export type RequestMeasure = {
  text: TextMeasure;
  messages: number;
  toolCalls: number;
  tools: number;
  schema: boolean;
  images: { size: ImageSize | null; detail: 'auto' | 'low' | 'high' }[];
  /** PDFs, of which nobody knows the pages before they are read. */
  documents: number;
  /** A provider's own block asks for Anthropic's one-hour cache, whose writes cost more. */
  hourCache: boolean;
};

const hourCacheMark = /"ttl":"1h"/;

/** Intake lets only state, signatures and marks into it: text, all of it. */
function measureExtra(extra: ExtraContent | undefined, into: RequestMeasure): void {
  if (extra === undefined) return;
  const json = writeJson(extra);
  measureText(json, into.text);
  if (hourCacheMark.test(json)) into.hourCache = true;
}

function measureContent(content: string | Part[] | null | undefined, into: RequestMeasure): void {
  if (content === null || content === undefined) return;
  if (typeof content === 'string') {
    measureText(content, into.text);
    return;
  }
  for (const part of content) {
    measureExtra(part.extra_content, into);
    if (part.type === 'text') {
      measureText(part.text, into.text);
    } else if (part.type === 'file') {
      into.documents += 1;
      measureText(part.file.filename ?? '', into.text);
    } else {
      const { url, detail = 'auto' } = part.image_url;
      into.images.push({ size: imageSize(url), detail });
    }
  }
}

function measureMessage(message: Message, into: RequestMeasure): void {
  into.messages += 1;
  measureContent(message.content, into);
  measureExtra(message.extra_content, into);
  if (message.role === 'tool') {
    measureText(message.tool_call_id, into.text);
    return;
  }
  if (message.name !== undefined) measureText(message.name, into.text);
  if (message.role !== 'assistant') return;
  if (message.refusal) measureText(message.refusal, into.text);
  if (message.reasoning_content) measureText(message.reasoning_content, into.text);
  for (const call of message.tool_calls ?? []) {
    into.toolCalls += 1;
    measureText(call.id, into.text);
    measureText(call.function.name, into.text);
    measureText(call.function.arguments, into.text);
    measureExtra(call.extra_content, into);
  }
}

/** Reads a request once, in time linear in its size. Never throws on a validated request. */
export function measureRequest(request: ChatRequest): RequestMeasure {
  const measure: RequestMeasure = {
    text: emptyMeasure(),
    messages: 0,
    toolCalls: 0,
    tools: 0,
    schema: false,
    images: [],
    documents: 0,
    hourCache: false,
  };
  for (const message of request.messages) measureMessage(message, measure);
  for (const tool of request.tools ?? []) {
    measure.tools += 1;
    measureText(writeJson(tool.function), measure.text);
    measureExtra(tool.extra_content, measure);
  }
  const format = request.response_format;
  if (format !== undefined && format.type !== 'text') {
    measure.schema = true;
    measureText(writeJson(format), measure.text);
  }
  if (request.pass_through !== undefined) addPassed(request.pass_through.body, measure);
  return measure;
}

/** The larger of what our own shape of a request holds and what goes to its provider. */
function addPassed(body: unknown, into: RequestMeasure): void {
  const passed = measurePassed(body);
  for (const name of ['tokens', 'digits', 'digitGroups', 'utf8Bytes'] as const) {
    into.text[name] = Math.max(into.text[name], passed.text[name]);
  }
  into.hourCache ||= passed.hourCache;
}
