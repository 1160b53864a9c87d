import { claudeSignature, refuseOnMessages } from './anthropic-rules.ts';
import { BadRequest, contentText, type Prompt } from './prompt.ts';
import { type Reply, type ReplyChoice, splitText } from './reply.ts';
import { countTokens } from './tokens.ts';
import { type Refusal, type StreamEvent, sse, type Wire } from './wire.ts';

type Block = { type?: string; text?: string; content?: unknown; input?: unknown };
type Body = {
  model?: string;
  max_tokens?: number;
  messages?: { role?: string; content?: string | Block[] }[];
  system?: unknown;
  stop_sequences?: string[];
  stream?: boolean;
  temperature?: number;
  top_p?: number;
  tools?: { name: string; input_schema: unknown }[];
  tool_choice?: { type?: string; name?: string };
  output_config?: { format?: { schema?: unknown } };
};

/** `POST /v1/messages`, plain and streamed, of API versions 2023-06-01 and 2026-10-21. */
export const anthropicWire: Wire = { read, plain, events, refuse, streamError };

function read(raw: unknown, at: { headers: Record<string, unknown> }): Prompt {
  const body = raw as Body;
  const messages = checked(body, String(at.headers['anthropic-version']));
  const { tools = [] } = body;
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  const lastUser = messages.findLast(({ role, content }) => role === 'user' && contentText(content) !== '');
  const last = messages.at(-1)?.content;
  const answersTool = Array.isArray(last) && last.at(-1)?.type === 'tool_result';
  return {
    provider: 'anthropic',
    model: body.model ?? '',
    lastUser: contentText(lastUser?.content),
    inputText: [
      contentText(body.system),
      ...messages.map(({ content }) => contentText(content)),
      ...blocks.map((block) => contentText(block.content) + (block.input ? JSON.stringify(block.input) : '')),
      tools.length > 0 ? JSON.stringify(tools) : '',
      body.output_config?.format ? JSON.stringify(body.output_config.format) : '',
    ].join(''),
    messages: messages.length + (body.system === undefined ? 0 : 1),
    images: [...blocks, ...blocks.flatMap(({ content }) => (Array.isArray(content) ? content : []))].filter(
      (block: Block) => block.type === 'image',
    ).length,
    results: blocks.filter(({ type }) => type === 'tool_result').map(({ content }) => contentText(content)),
    maxTokens: body.max_tokens ?? 1,
    stop: body.stop_sequences ?? [],
    n: 1,
    tools: tools.map((tool) => ({ name: tool.name, schema: tool.input_schema })),
    mayCall: !answersTool && (body.tool_choice?.type ?? 'auto') === 'auto',
    forcedTool: answersTool ? null : forcedTool(body.tool_choice),
    answerSchema: body.output_config?.format?.schema ?? null,
    stream: body.stream === true,
    includeUsage: true,
  };
}

function checked(body: Body, version: string): NonNullable<Body['messages']> {
  if (!body.model) throw new BadRequest('model: Field required');
  if (!body.max_tokens) throw new BadRequest('max_tokens: Field required');
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw new BadRequest('messages: at least one message is required');
  }
  if (version >= '2026-10-21' && (body.temperature !== undefined || body.top_p !== undefined)) {
    throw new BadRequest('temperature: Extra inputs are not permitted');
  }
  refuseOnMessages(body as Parameters<typeof refuseOnMessages>[0]);
  return body.messages;
}

function forcedTool(choice: Body['tool_choice']): string | null {
  if (choice?.type === 'any') return '*';
  return choice?.type === 'tool' ? (choice.name ?? null) : null;
}

const stopReasons = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tool_calls: 'tool_use',
};

/** Anthropic counts cache reads and writes beside `input_tokens`. */
function wireUsage(reply: Reply, completion: unknown): Record<string, unknown> {
  const { counts } = reply;
  return {
    input_tokens: counts.prompt - counts.cached - counts.cacheWrite,
    output_tokens: completion,
    cache_read_input_tokens: counts.cached,
    cache_creation_input_tokens: counts.cacheWrite,
    cache_creation: {
      ephemeral_5m_input_tokens: counts.cacheWrite - counts.cacheWriteHour,
      ephemeral_1h_input_tokens: counts.cacheWriteHour,
    },
    output_tokens_details: { thinking_tokens: counts.reasoning },
    server_tool_use: null,
    inference_geo: null,
    service_tier: reply.serviceTier ?? 'standard',
    speed: null,
  };
}

function finalUsage(reply: Reply): Record<string, unknown> | undefined {
  if (reply.usage === 'missing') return undefined;
  return wireUsage(reply, reply.usage === 'honest' ? reply.counts.completion : reply.usage.completion);
}

function toBlocks(reply: Reply, choice: ReplyChoice): Record<string, unknown>[] {
  const thinking = {
    type: 'thinking',
    thinking: 'Let me think.',
    signature: `${claudeSignature}${reply.id}`,
  };
  return [
    ...(reply.counts.reasoning > 0 ? [thinking] : []),
    ...(choice.text === '' ? [] : [{ type: 'text', text: choice.text }]),
    ...choice.toolCalls.map((call) => ({
      type: 'tool_use',
      id: call.id.replace('call_', 'toolu_'),
      name: call.name,
      input: JSON.parse(call.args) as unknown,
      caller: { type: 'direct' },
    })),
  ];
}

function envelope(prompt: Prompt, reply: Reply) {
  return {
    id: `msg_${reply.id}`,
    type: 'message',
    role: 'assistant',
    model: prompt.model,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
  };
}

function stopMet(prompt: Prompt, choice: ReplyChoice): string | null {
  return choice.finish === 'stop_sequence' ? (prompt.stop[0] ?? null) : null;
}

function plain(prompt: Prompt, reply: Reply): unknown {
  const choice = reply.choices[0];
  return {
    ...envelope(prompt, reply),
    content: choice === undefined ? [] : toBlocks(reply, choice),
    stop_reason: choice === undefined ? null : stopReasons[choice.finish],
    stop_sequence: choice === undefined ? null : stopMet(prompt, choice),
    usage: finalUsage(reply),
  };
}

function events(prompt: Prompt, reply: Reply): StreamEvent[] {
  const choice = reply.choices[0] as ReplyChoice;
  const out: StreamEvent[] = [];
  const { reasoning } = reply.counts;
  let sent = '';
  const push = (data: { type: string }) =>
    out.push({ frame: sse(data, data.type), tokens: reasoning + countTokens(sent) });
  const started = { ...wireUsage(reply, 1), output_tokens_details: { thinking_tokens: 0 } };
  const startUsage = reply.usage === 'missing' ? {} : { usage: started };
  const open = { ...envelope(prompt, reply), content: [], stop_reason: null, ...startUsage };
  push({ type: 'message_start', message: open } as { type: string });
  push({ type: 'ping' });
  toBlocks(reply, choice).forEach((block, index) => {
    const { start, deltas } = unroll(block, choice);
    push({ type: 'content_block_start', index, content_block: start } as { type: string });
    for (const delta of deltas) {
      sent += delta['text'] ?? delta['partial_json'] ?? '';
      push({ type: 'content_block_delta', index, delta } as { type: string });
    }
    push({ type: 'content_block_stop', index } as { type: string });
  });
  const stop = {
    stop_reason: stopReasons[choice.finish],
    stop_sequence: stopMet(prompt, choice),
    stop_details: null,
    container: null,
  };
  const usage = finalUsage(reply);
  push({ type: 'message_delta', delta: stop, ...(usage && { usage }) } as { type: string });
  push({ type: 'message_stop' });
  return out;
}

function unroll(block: Record<string, unknown>, choice: ReplyChoice) {
  if (block['type'] === 'thinking') {
    const thinking = { type: 'thinking_delta', thinking: String(block['thinking']) };
    const signature = { type: 'signature_delta', signature: String(block['signature']) };
    return { start: { ...block, thinking: '', signature: '' }, deltas: [thinking, signature] as Delta[] };
  }
  if (block['type'] === 'text') {
    const deltas = splitText(String(block['text'])).map((text): Delta => ({ type: 'text_delta', text }));
    return { start: { ...block, text: '' }, deltas };
  }
  const args =
    choice.toolCalls.find((call) => call.id.replace('call_', 'toolu_') === block['id'])?.args ?? '{}';
  const deltas = splitText(args).map((piece): Delta => ({ type: 'input_json_delta', partial_json: piece }));
  return { start: { ...block, input: {} }, deltas };
}

type Delta = Record<string, string>;

const errorTypes: Record<number, string> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function refuse({ status, code, message }: Refusal): unknown {
  const type = errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const details = code === null ? {} : { details: { error_code: code } };
  return { type: 'error', error: { type, message, ...details }, request_id: 'req_simulated' };
}

function streamError(): string {
  return sse(refuse({ status: 529, code: null, message: 'Overloaded', retryAfter: null }), 'error');
}
