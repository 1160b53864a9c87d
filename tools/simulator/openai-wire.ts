import { bendFinish, bendMessage, readBend } from './bent-wire.ts';
import { type ChatTurn, refuseOnChatTurns } from './chat-rules.ts';
import { BadRequest, contentText, type Prompt } from './prompt.ts';
import { refuseOnChat } from './provider-rules.ts';
import { countChoice, type Reply, type ReplyChoice, splitText } from './reply.ts';
import { countTokens } from './tokens.ts';
import { readDialect, type UsageDialect, usageIn } from './usage-dialects.ts';
import { type StreamEvent, sse, type Wire } from './wire.ts';

type Body = {
  model?: string;
  messages?: { role?: string; content?: unknown; tool_calls?: unknown }[];
  max_tokens?: number;
  max_completion_tokens?: number;
  stop?: string | string[];
  n?: number;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  tools?: { function?: { name: string; parameters?: unknown }; custom?: { name: string } }[];
  tool_choice?: string | { function?: { name?: string }; custom?: { name?: string } };
  reasoning_effort?: string;
  response_format?: { type: string; json_schema?: { schema?: unknown } };
};

const created = 1_700_000_000;
const defaultMaxTokens = 4096;

/** `POST /v1/chat/completions`, plain and streamed. */
export const openaiWire: Wire = { read, plain, events, refuse, streamError };

function read(raw: unknown): Prompt {
  const body = raw as Body;
  if (!body.model) throw new BadRequest('you must provide a model parameter');
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw new BadRequest("'messages' must contain at least 1 message");
  }
  refuseOnChat(body);
  refuseOnChatTurns(body.messages as ChatTurn[]);
  const { messages, tools = [], response_format: format } = body;
  const parts = messages.flatMap((message) => (Array.isArray(message.content) ? message.content : []));
  const last = messages.at(-1)?.role;
  return {
    provider: 'openai',
    model: body.model,
    lastUser: contentText(messages.findLast((message) => message.role === 'user')?.content),
    inputText: [
      ...messages.map(
        (message) =>
          contentText(message.content) + (message.tool_calls ? JSON.stringify(message.tool_calls) : ''),
      ),
      tools.length > 0 ? JSON.stringify(tools) : '',
      format?.json_schema ? JSON.stringify(format.json_schema) : '',
    ].join(''),
    messages: messages.length,
    images: parts.filter((part: { type?: string }) => part.type === 'image_url').length,
    results: messages.filter(({ role }) => role === 'tool').map(({ content }) => contentText(content)),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? defaultMaxTokens,
    stop: [body.stop ?? []].flat(),
    n: body.n ?? 1,
    tools: tools.map(toTool),
    mayCall: last !== 'tool' && (body.tool_choice ?? 'auto') === 'auto',
    forcedTool: last === 'tool' ? null : forcedTool(body.tool_choice),
    answerSchema: format?.type === 'json_schema' ? format.json_schema?.schema : jsonObject(format?.type),
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
  };
}

function toTool({ function: given, custom }: NonNullable<Body['tools']>[number]): Prompt['tools'][number] {
  if (custom !== undefined) return { name: custom.name, schema: null, isCustom: true };
  return { name: given?.name ?? '', schema: given?.parameters };
}

function forcedTool(choice: Body['tool_choice']): string | null {
  if (choice === 'required') return '*';
  return typeof choice === 'object' ? (choice.function?.name ?? choice.custom?.name ?? null) : null;
}

function jsonObject(type: string | undefined): unknown {
  return type === 'json_object' ? {} : null;
}

function wireFinish(finish: ReplyChoice['finish']): string {
  return finish === 'stop_sequence' ? 'stop' : finish;
}

function wireUsage(prompt: Prompt, reply: Reply): Record<string, unknown> | undefined {
  if (reply.usage === 'missing') return undefined;
  const completion = reply.usage === 'honest' ? reply.counts.completion : reply.usage.completion;
  return usageIn(readDialect(prompt.lastUser), reply.counts, completion);
}

const tierOf = ({ serviceTier }: Reply) => (serviceTier === null ? {} : { service_tier: serviceTier });

function plain(prompt: Prompt, reply: Reply): unknown {
  const bend = readBend(prompt.lastUser);
  return {
    id: `chatcmpl-${reply.id}`,
    object: 'chat.completion',
    created,
    model: prompt.model,
    choices: reply.choices.map((choice, index) => ({
      index,
      message: bendMessage(bend, {
        role: 'assistant',
        content: choice.text || (choice.toolCalls.length > 0 ? null : ''),
        refusal: null,
        annotations: [],
        ...(choice.toolCalls.length > 0 && { tool_calls: choice.toolCalls.map(wireCall) }),
      }),
      logprobs: null,
      finish_reason: bendFinish(bend, wireFinish(choice.finish), choice.toolCalls.length > 0),
    })),
    ...tierOf(reply),
    usage: wireUsage(prompt, reply),
  };
}

function wireCall(call: ReplyChoice['toolCalls'][number]) {
  if (call.isCustom) return { id: call.id, type: 'custom', custom: { name: call.name, input: call.args } };
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.args } };
}

function events(prompt: Prompt, reply: Reply): StreamEvent[] {
  const head = {
    id: `chatcmpl-${reply.id}`,
    object: 'chat.completion.chunk',
    created,
    model: prompt.model,
    ...tierOf(reply),
  };
  const bend = readBend(prompt.lastUser);
  const nullUsage = prompt.includeUsage ? { usage: null } : {};
  const out: StreamEvent[] = [];
  let before = reply.counts.reasoning;
  reply.choices.forEach((choice, index) => {
    let sent = '';
    const push = (given: Record<string, unknown>, reason: string | null) => {
      const delta = bendMessage(bend, given);
      const finish = bendFinish(bend, reason, choice.toolCalls.length > 0);
      const chunk = { ...head, choices: [{ index, delta, finish_reason: finish }], ...nullUsage };
      out.push({ frame: sse(chunk), tokens: before + countTokens(sent) });
    };
    push({ role: 'assistant', content: '' }, null);
    for (const content of splitText(choice.text)) {
      sent += content;
      push({ content }, null);
    }
    choice.toolCalls.forEach((call, at) => {
      sent += call.name;
      push({ tool_calls: [{ index: at, ...wireCall({ ...call, args: '' }) }] }, null);
      for (const piece of splitText(call.args)) {
        sent += piece;
        const more = call.isCustom ? { custom: { input: piece } } : { function: { arguments: piece } };
        push({ tool_calls: [{ index: at, ...more }] }, null);
      }
    });
    push({}, wireFinish(choice.finish));
    before += countChoice(choice);
  });
  const usage = wireUsage(prompt, reply);
  const { completion } = reply.counts;
  if (prompt.includeUsage && usage !== undefined) {
    out.push({ frame: sse({ ...head, ...placed(readDialect(prompt.lastUser), usage) }), tokens: completion });
  }
  return [...out, { frame: sse('[DONE]'), tokens: completion }];
}

/** Where the last chunk of a stream has its usage. */
function placed(dialect: UsageDialect, usage: Record<string, unknown>): Record<string, unknown> {
  if (dialect === 'moonshot') return { choices: [{ index: 0, delta: {}, finish_reason: null, usage }] };
  return dialect === 'groq' ? { choices: [], x_groq: { usage } } : { choices: [], usage };
}

function refuse({
  status,
  code,
  message,
}: {
  status: number;
  code: string | null;
  message: string;
}): unknown {
  const type = status === 429 ? 'requests' : 'invalid_request_error';
  return { error: { message, type: status >= 500 ? 'server_error' : type, param: null, code } };
}

function streamError(): string {
  return sse({ error: { message: 'The server had an error', type: 'server_error', code: null } });
}
