import {
  type Content,
  FunctionCallingConfigMode,
  type GenerateContentConfig,
  type GenerateContentParameters,
  type Part,
} from '@google/genai';
import type { ChatRequest, ImagePart, Message } from '../../shared/domain/chat.ts';
import { readDataUrl } from './data-url.ts';
import type { ProviderCall } from './provider.ts';

/** The parameters of generateContent for a request in OpenAI's words. What Gemini cannot say is refused at intake. */
export function toGoogleParameters(call: ProviderCall): GenerateContentParameters {
  const { request } = call;
  const instructions = request.messages.filter(
    (message) => message.role === 'system' || message.role === 'developer',
  );
  const system = instructions.flatMap((message) => textsOf(message.content));
  const stops = typeof request.stop === 'string' ? [request.stop] : request.stop;
  const config: GenerateContentConfig = {
    maxOutputTokens: call.maxOutputTokens,
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system.map((text) => ({ text })) } }),
    ...defined({
      temperature: request.temperature,
      topP: request.top_p,
      candidateCount: request.n,
      stopSequences: stops,
      seed: request.seed,
      presencePenalty: request.presence_penalty,
      frequencyPenalty: request.frequency_penalty,
      responseLogprobs: request.logprobs,
      logprobs: request.top_logprobs,
    }),
    ...toTools(request),
    ...toResponseFormat(request),
    ...toThinking(request, call.maxOutputTokens),
  };
  return { model: call.model, contents: toContents(request.messages), config };
}

function defined<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function textsOf(content: Message['content'] | null): string[] {
  if (content == null) return [];
  if (typeof content === 'string') return [content];
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
}

/** Turns of one side become one; a tool result names its function, which Gemini wants instead of the call's id. */
function toContents(messages: Message[]): Content[] {
  const names = new Map<string, string>();
  const contents: { role: 'user' | 'model'; parts: Part[] }[] = [];
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') continue;
    if (message.role === 'assistant') {
      for (const call of message.tool_calls ?? []) names.set(call.id, call.function.name);
    }
    const role = message.role === 'assistant' ? 'model' : 'user';
    const parts = toParts(message, names);
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts });
  }
  return contents;
}

function toParts(message: Message, names: Map<string, string>): Part[] {
  if (message.role === 'assistant') return toModelParts(message);
  if (message.role === 'tool') {
    const output = textsOf(message.content).join('');
    const name = names.get(message.tool_call_id) ?? message.tool_call_id;
    return [{ functionResponse: { id: message.tool_call_id, name, response: { output } } }];
  }
  if (message.role !== 'user') return [];
  if (typeof message.content === 'string') return [{ text: message.content }];
  return message.content.map((part) => (part.type === 'text' ? { text: part.text } : toImage(part)));
}

/** Its own parts of an earlier answer, thought signatures included, go back as they came. */
function toModelParts(message: Extract<Message, { role: 'assistant' }>): Part[] {
  const own = (message.extra_content?.google as { parts?: Part[] } | undefined)?.parts;
  if (Array.isArray(own)) return own;
  const calls = (message.tool_calls ?? []).map((call): Part => {
    const text = call.function.arguments.trim();
    const args = JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
    return { functionCall: { id: call.id, name: call.function.name, args } };
  });
  return [...textsOf(message.content).map((text) => ({ text })), ...calls];
}

function toImage(part: ImagePart): Part {
  const data = readDataUrl(part.image_url.url);
  if (data === null) throw new Error('Gemini takes images as data URLs only');
  return { inlineData: { mimeType: data.mediaType, data: data.data } };
}

function toTools(request: ChatRequest): Pick<GenerateContentConfig, 'tools' | 'toolConfig'> {
  if (request.tools === undefined || request.tools.length === 0) return {};
  const functionDeclarations = request.tools.map(({ function: tool }) => ({
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    ...(tool.parameters === undefined ? {} : { parametersJsonSchema: tool.parameters }),
  }));
  const asked = request.tool_choice;
  if (asked === undefined) return { tools: [{ functionDeclarations }] };
  const functionCallingConfig =
    typeof asked === 'object'
      ? { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: [asked.function.name] }
      : { mode: modes[asked] };
  return { tools: [{ functionDeclarations }], toolConfig: { functionCallingConfig } };
}

const modes = {
  none: FunctionCallingConfigMode.NONE,
  auto: FunctionCallingConfigMode.AUTO,
  required: FunctionCallingConfigMode.ANY,
};

function toResponseFormat({
  response_format: format,
}: ChatRequest): Pick<GenerateContentConfig, 'responseMimeType' | 'responseJsonSchema'> {
  if (format === undefined || format.type === 'text') return {};
  if (format.type === 'json_object') return { responseMimeType: 'application/json' };
  return { responseMimeType: 'application/json', responseJsonSchema: format.json_schema.schema ?? {} };
}

/** Thinking tokens by effort, at most what may be written at all. */
const thinkingTokens = { none: 0, minimal: 512, low: 1024, medium: 8192, high: 24_576, xhigh: 32_768 };

function toThinking(request: ChatRequest, maxTokens: number): Pick<GenerateContentConfig, 'thinkingConfig'> {
  if (request.reasoning_effort === undefined) return {};
  return {
    thinkingConfig: { thinkingBudget: Math.min(maxTokens, thinkingTokens[request.reasoning_effort]) },
  };
}
