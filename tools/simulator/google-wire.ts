import { geminiSignature, refuseOnGenerate } from './google-rules.ts';
import { BadRequest, contentText, type Prompt } from './prompt.ts';
import { type Reply, type ReplyChoice, splitText } from './reply.ts';
import { type Refusal, type StreamEvent, sse, type Wire } from './wire.ts';

type Part = {
  text?: string;
  inlineData?: { mimeType?: string; data?: string };
  functionCall?: unknown;
  functionResponse?: { response?: unknown; parts?: Part[] };
};
type Body = {
  contents?: { role?: string; parts?: Part[] }[];
  systemInstruction?: { parts?: Part[] };
  generationConfig?: {
    maxOutputTokens?: number;
    stopSequences?: string[];
    candidateCount?: number;
    responseMimeType?: string;
    responseJsonSchema?: unknown;
  };
  tools?: {
    functionDeclarations?: { name: string; parametersJsonSchema?: unknown; parameters?: unknown }[];
  }[];
  toolConfig?: { functionCallingConfig?: { mode?: string; allowedFunctionNames?: string[] } };
};

const defaultMaxTokens = 8192;

/** `POST /v1beta/models/X:generateContent` and `:streamGenerateContent?alt=sse`. */
export const googleWire: Wire = { read, plain, events, refuse, streamError };

function read(raw: unknown, at: { model: string; stream: boolean }): Prompt {
  const body = raw as Body;
  const { contents = [], generationConfig: config = {} } = body;
  if (contents.length === 0)
    throw new BadRequest('* GenerateContentRequest.contents: contents is not specified');
  refuseOnGenerate(at.model, contents as Parameters<typeof refuseOnGenerate>[1]);
  const parts = contents.flatMap((content) => content.parts ?? []);
  if (parts.some((part) => part.inlineData && !part.inlineData.mimeType)) {
    throw new BadRequest('Unable to process input image');
  }
  const tools = (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  const lastUser = contents.findLast(({ role, parts: own }) => role === 'user' && contentText(own) !== '');
  const last = contents.at(-1)?.parts ?? [];
  const lastResult = last.findLastIndex((part) => part.functionResponse !== undefined);
  // An image of a result comes after it; words are a new question.
  const answersTool = lastResult >= 0 && contentText(last.slice(lastResult)) === '';
  return {
    provider: 'google',
    model: at.model,
    lastUser: contentText(lastUser?.parts),
    inputText: [
      contentText(body.systemInstruction?.parts),
      ...parts.map((part) => part.text ?? toolText(part)),
      tools.length > 0 ? JSON.stringify(tools) : '',
      config.responseJsonSchema ? JSON.stringify(config.responseJsonSchema) : '',
    ].join(''),
    messages: contents.length + (body.systemInstruction ? 1 : 0),
    images: [...parts, ...parts.flatMap((part) => part.functionResponse?.parts ?? [])].filter(
      (part) => part.inlineData,
    ).length,
    results: parts.flatMap(({ functionResponse: given }) => (given ? [JSON.stringify(given.response)] : [])),
    maxTokens: config.maxOutputTokens ?? defaultMaxTokens,
    stop: config.stopSequences ?? [],
    n: config.candidateCount ?? 1,
    tools: tools.map((tool) => ({ name: tool.name, schema: tool.parametersJsonSchema ?? tool.parameters })),
    mayCall: !answersTool && isFree(body.toolConfig?.functionCallingConfig?.mode),
    forcedTool: answersTool ? null : forcedTool(body.toolConfig),
    answerSchema: answerSchema(config),
    stream: at.stream,
    includeUsage: true,
  };
}

function toolText(part: Part): string {
  const tool = part.functionCall ?? part.functionResponse;
  return tool === undefined ? '' : JSON.stringify(tool);
}

function answerSchema(config: NonNullable<Body['generationConfig']>): unknown {
  return config.responseMimeType === 'application/json' ? (config.responseJsonSchema ?? {}) : null;
}

/** `VALIDATED` holds calls to their schemas, and leaves the model free to make none. */
const isFree = (mode = 'AUTO') => mode === 'AUTO' || mode === 'VALIDATED';

function forcedTool(config: Body['toolConfig']): string | null {
  if (config?.functionCallingConfig?.mode !== 'ANY') return null;
  return config.functionCallingConfig.allowedFunctionNames?.[0] ?? '*';
}

/** Gemini counts thoughts beside `candidatesTokenCount` and leaves zeros out. */
function wireUsage(reply: Reply, soFar: number): Record<string, unknown> {
  if (reply.usage === 'missing') return {};
  const { counts } = reply;
  const honest = Math.max(soFar - counts.reasoning, 0);
  const candidates = reply.usage === 'honest' ? honest : reply.usage.completion;
  return {
    usageMetadata: {
      promptTokenCount: counts.prompt,
      candidatesTokenCount: candidates,
      totalTokenCount: counts.prompt + soFar,
      ...(counts.cached > 0 && { cachedContentTokenCount: counts.cached }),
      ...(counts.reasoning > 0 && { thoughtsTokenCount: counts.reasoning }),
    },
  };
}

function wireFinish(finish: ReplyChoice['finish']): string {
  return finish === 'length' ? 'MAX_TOKENS' : 'STOP';
}

function callParts(reply: Reply, choice: ReplyChoice) {
  const signed = reply.counts.reasoning > 0 ? { thoughtSignature: `${geminiSignature}${reply.id}` } : {};
  return choice.toolCalls.map((call) => ({
    functionCall: { id: call.id, name: call.name, args: JSON.parse(call.args) as unknown },
    ...signed,
  }));
}

function response(prompt: Prompt, reply: Reply, candidates: unknown[], soFar: number): unknown {
  const head = { modelVersion: prompt.model, responseId: reply.id };
  return { candidates, ...wireUsage(reply, soFar), ...head };
}

function plain(prompt: Prompt, reply: Reply): unknown {
  const candidates = reply.choices.map((choice, index) => ({
    content: {
      role: 'model',
      parts: [...(choice.text === '' ? [] : [{ text: choice.text }]), ...callParts(reply, choice)],
    },
    finishReason: wireFinish(choice.finish),
    index,
  }));
  return response(prompt, reply, candidates, reply.counts.completion);
}

function events(prompt: Prompt, reply: Reply): StreamEvent[] {
  const out: StreamEvent[] = [];
  let sentBytes = 0;
  const { reasoning, completion } = reply.counts;
  reply.choices.forEach((choice, index) => {
    const isLast = index === reply.choices.length - 1;
    const pieces = [...splitText(choice.text).map((text) => ({ text })), ...callParts(reply, choice)];
    const parts = pieces.length === 0 ? [{ text: '' }] : pieces;
    parts.forEach((part, at) => {
      const isEnd = at === parts.length - 1;
      sentBytes += Buffer.byteLength('text' in part ? part.text : JSON.stringify(part.functionCall));
      const soFar = isEnd && isLast ? completion : Math.min(completion, reasoning + Math.ceil(sentBytes / 4));
      const finish = isEnd ? { finishReason: wireFinish(choice.finish) } : {};
      const candidate = { content: { role: 'model', parts: [part] }, index, ...finish };
      out.push({ frame: sse(response(prompt, reply, [candidate], soFar)), tokens: soFar });
    });
  });
  return out;
}

const statuses: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

function refuse({ status, code, message, retryAfter }: Refusal): unknown {
  const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfter}s` };
  const errorInfo = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code };
  const details = [...(code === null ? [] : [errorInfo]), ...(retryAfter === null ? [] : [retryInfo])];
  return { error: { code: status, message, status: statuses[status] ?? 'INTERNAL', details } };
}

function streamError(): string {
  return sse(refuse({ status: 503, code: null, message: 'The model is overloaded', retryAfter: null }));
}
