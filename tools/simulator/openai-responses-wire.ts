import { responseEvents, responseStreamError } from './openai-responses-events.ts';
import { openaiWire } from './openai-wire.ts';
import { BadRequest, contentText, type Prompt } from './prompt.ts';
import { refuseOnResponses } from './provider-rules.ts';
import type { Reply, ReplyChoice } from './reply.ts';
import { usageIn } from './usage-dialects.ts';
import type { Wire } from './wire.ts';

type Item = {
  type?: string;
  role?: string;
  content?: unknown;
  output?: unknown;
  arguments?: string;
  input?: string;
};
type Tool = { type: string; name?: string; parameters?: unknown };
type Body = {
  model?: string;
  input?: string | Item[];
  instructions?: string | null;
  max_output_tokens?: number | null;
  include?: string[] | null;
  stream?: boolean;
  tools?: Tool[];
  tool_choice?: string | { name?: string };
  reasoning?: { summary?: string | null } | null;
  text?: { format?: { type: string; schema?: unknown } };
};

const createdAt = 1_700_000_000;
const defaultMaxTokens = 4096;

/** `POST /v1/responses`, plain and streamed; it stores nothing. */
export const openaiResponsesWire: Wire = {
  read,
  plain: (prompt, reply) => toResponse(prompt, reply, statusOf(reply)),
  events: (prompt, reply) =>
    responseEvents(reply, {
      items: toItems(prompt, reply),
      open: toResponse(prompt, reply, 'in_progress'),
      whole: toResponse(prompt, reply, statusOf(reply)),
    }),
  refuse: openaiWire.refuse,
  streamError: responseStreamError,
};

function read(raw: unknown): Prompt {
  const body = raw as Body;
  if (!body.model) throw new BadRequest("Missing required parameter: 'model'.");
  refuseOnResponses(body.model, body);
  const items = itemsOf(body);
  const { tools = [], tool_choice: choice = 'auto' } = body;
  const answersTool = items.at(-1)?.type?.endsWith('_output') === true;
  const format = body.text?.format;
  return {
    provider: 'openai',
    model: body.model,
    lastUser: contentText(items.findLast(({ role }) => role === 'user')?.content),
    inputText: [
      body.instructions ?? '',
      ...items.map(itemText),
      tools.length > 0 ? JSON.stringify(tools) : '',
      format?.schema ? JSON.stringify(format.schema) : '',
    ].join(''),
    messages: items.length,
    images: items.flatMap(({ content, output }) => [content, output].flat()).filter(isImage).length,
    results: items.filter(({ type }) => type?.endsWith('_output')).map(({ output }) => contentText(output)),
    maxTokens: body.max_output_tokens ?? defaultMaxTokens,
    stop: [],
    n: 1,
    tools: tools.map(({ type, name = type, parameters }) => ({
      name,
      schema: parameters,
      isCustom: type === 'custom',
    })),
    mayCall: !answersTool && choice === 'auto',
    forcedTool: answersTool ? null : forcedTool(choice),
    answerSchema: format === undefined || format.type === 'text' ? null : (format.schema ?? {}),
    stream: body.stream === true,
    includeUsage: true,
    thinking: {
      isEncrypted: body.include?.includes('reasoning.encrypted_content') === true,
      hasSummary: Boolean(body.reasoning?.summary),
    },
  };
}

function itemsOf({ input = [] }: Body): Item[] {
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  if (items.length === 0) throw new BadRequest("Missing required parameter: 'input'.");
  return items;
}

function itemText({ content, output, arguments: args = '', input = '' }: Item): string {
  return contentText(content) + contentText(output) + args + input;
}

const isImage = (part: unknown) => (part as { type?: string } | null)?.type === 'input_image';

function forcedTool(choice: NonNullable<Body['tool_choice']>): string | null {
  if (choice === 'required') return '*';
  return typeof choice === 'object' ? (choice.name ?? null) : null;
}

const isCut = (reply: Reply) => reply.choices[0]?.finish === 'length';
const statusOf = (reply: Reply) => (isCut(reply) ? 'incomplete' : 'completed');

/** The items of the answer: what it thought, its text, its calls. */
function toItems(prompt: Prompt, reply: Reply): Record<string, unknown>[] {
  const [choice] = reply.choices;
  if (choice === undefined) return [];
  const status = statusOf(reply);
  const part = { type: 'output_text', text: choice.text, annotations: [], logprobs: [] };
  return [
    ...(reply.counts.reasoning > 0 ? [toReasoning(prompt, reply)] : []),
    ...(choice.text === '' && choice.toolCalls.length > 0
      ? []
      : [{ type: 'message', id: `msg_${reply.id}`, role: 'assistant', status, content: [part] }]),
    ...choice.toolCalls.map((call, index) => ({ ...toCall(call, `${reply.id}_${index}`), status })),
  ];
}

function toCall({ id: call_id, name, args, isCustom }: ReplyChoice['toolCalls'][number], suffix: string) {
  if (isCustom) return { type: 'custom_tool_call', id: `ctc_${suffix}`, call_id, name, input: args };
  if (name === 'tool_search') {
    const found = { execution: 'client', arguments: JSON.parse(args) as unknown };
    return { type: 'tool_search_call', id: `tsc_${suffix}`, call_id, ...found };
  }
  return { type: 'function_call', id: `fc_${suffix}`, call_id, name, arguments: args };
}

function toReasoning({ thinking }: Prompt, { id }: Reply) {
  return {
    type: 'reasoning',
    id: `rs_${id}`,
    summary: thinking?.hasSummary === true ? [{ type: 'summary_text', text: 'Let me think.' }] : [],
    encrypted_content: thinking?.isEncrypted === true ? `encrypted-${id}` : null,
  };
}

/** What a request left out, as OpenAI's API shows it (SDK 7.59 `Response`). */
const unasked = {
  access_programs: null,
  background: false,
  frequency_penalty: 0,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  prompt_cache_retention: null,
  safety_identifier: null,
  service_tier: 'default',
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
};

function toTool({ name, schema, isCustom }: Prompt['tools'][number]) {
  if (isCustom === true) return { type: 'custom', name };
  if (name === 'tool_search') return { type: name, execution: 'client' };
  return { type: 'function', name, description: null, parameters: schema ?? null, strict: true };
}

function toResponse(prompt: Prompt, reply: Reply, status: string): Record<string, unknown> {
  const isOpen = status === 'in_progress';
  return {
    ...unasked,
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: createdAt,
    completed_at: isOpen ? null : createdAt,
    status,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    model: prompt.model,
    output: isOpen ? [] : toItems(prompt, reply),
    tools: prompt.tools.map(toTool),
    reasoning: { effort: null, summary: prompt.thinking?.hasSummary === true ? 'detailed' : null },
    parallel_tool_calls: true,
    store: false,
    ...(reply.serviceTier !== null && { service_tier: reply.serviceTier }),
    usage: isOpen ? null : wireUsage(reply),
  };
}

function wireUsage({ usage, counts }: Reply): Record<string, unknown> | undefined {
  if (usage === 'missing') return undefined;
  return usageIn('responses', counts, usage === 'honest' ? counts.completion : usage.completion);
}
