import { z } from 'zod';
import type { ChatRequest } from '../../chat/chat.ts';
import { chooseTools, namesInChoice } from '../common/allowed-tools.ts';
import { functionName } from '../common/function-name.ts';
import { metadataSchema } from '../common/metadata-schema.ts';
import { effortSchema } from '../common/reasoning-effort.ts';
import { routingHints } from '../common/routing-hints.ts';
import { toolProblems } from '../common/tool-problems.ts';
import { withoutEmpty } from '../common/without-empty.ts';
import { messageSchema } from './chat-messages.ts';
import { fromReasoning, reasoningSchema } from './chat-reasoning.ts';
import { toolChoiceSchema, toolSchema } from './chat-tools.ts';

/** Kept as it came, key for key: a JSON schema is the caller's own text. */
const anyObject = z.looseObject({});

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z
      .strictObject({
        name: functionName,
        description: z.string().nullish(),
        schema: anyObject.nullish(),
        strict: z.boolean().nullish(),
      })
      .transform(withoutEmpty),
  }),
]);

const logitBias = z.record(
  z.string().regex(/^\d{1,7}$/, { error: 'is not a token id' }),
  z.number().min(-100).max(100),
);

const outputTokens = z.int().min(1).max(10_000_000);
const penalty = z.number().min(-2).max(2).nullish();

/**
 * Fields whose only accepted values say nothing, or are hints that change no answer; they are checked, then
 * dropped.
 */
const neutralOnly = {
  /** Of OpenAI's dashboard; results are kept as jobs either way. */
  store: z.boolean().nullish(),
  service_tier: z.enum(['auto', 'default'], { error: 'only auto and default are supported' }).nullish(),
  modalities: z.tuple([z.literal('text')], { error: 'only ["text"] is supported' }).nullish(),
  audio: z.null({ error: 'audio is not supported' }).optional(),
  /** A guess that only makes an answer faster, and bills what of it was wrong beyond the answer. */
  prediction: z.looseObject({ type: z.literal('content') }).nullish(),
  web_search_options: z.null({ error: 'provider-side tools are not supported' }).optional(),
  prompt_cache_retention: z.enum(['in_memory', 'in-memory', '24h']).nullish(),
  prompt_cache_options: anyObject.nullish(),
  moderation: z.null({ error: 'moderation settings are not supported' }).optional(),
  functions: z.null({ error: 'deprecated by OpenAI; use tools' }).optional(),
  function_call: z.null({ error: 'deprecated by OpenAI; use tool_choice' }).optional(),
};

const bodyFields = {
  model: z.string().min(1).max(256),
  messages: z.array(messageSchema).min(1),
  max_tokens: outputTokens.nullish(),
  max_completion_tokens: outputTokens.nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.int().min(1).max(8).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(4)]).nullish(),
  seed: z.int().nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  logit_bias: logitBias.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  reasoning_effort: effortSchema.nullish(),
  reasoning: reasoningSchema.nullish(),
  top_k: z.int().min(-1).nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
  tools: z.array(toolSchema).max(128).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  metadata: metadataSchema.nullish(),
};

type Body = z.output<z.ZodObject<typeof bodyFields>>;

/** A request in our own words, whose fields may still be empty. */
type ChatFields = { [Field in keyof ChatRequest]: ChatRequest[Field] | null | undefined } & Pick<
  ChatRequest,
  'model' | 'messages'
>;

const isEmpty = (value: object | string) => Object.keys(value).length === 0;

/**
 * Fields that, with this value, ask for what happens anyway; storing them would only make providers refuse
 * them.
 */
function isEmptyText(body: ChatFields, field: string): boolean {
  const hasTools = body.tools !== null && body.tools !== undefined && body.tools.length > 0;
  const neutral: Record<string, () => boolean> = {
    n: () => body.n === 1,
    presence_penalty: () => body.presence_penalty === 0,
    frequency_penalty: () => body.frequency_penalty === 0,
    logit_bias: () => isEmpty(body.logit_bias ?? {}),
    logprobs: () => body.logprobs === false,
    top_logprobs: () => body.top_logprobs === 0,
    tools: () => !hasTools,
    top_k: () => body.top_k === -1,
    tool_choice: () => body.tool_choice === 'auto' || (!hasTools && body.tool_choice === 'none'),
    parallel_tool_calls: () => body.parallel_tool_calls === true || !hasTools,
    response_format: () => body.response_format?.type === 'text',
    stop: () => Array.isArray(body.stop) && body.stop.length === 0,
    metadata: () => isEmpty(body.metadata ?? {}),
  };
  return neutral[field]?.() ?? false;
}

function pickBody(body: object): Body {
  return Object.fromEntries(Object.entries(body).filter(([field]) => field in bodyFields)) as Body;
}

function toChatRequest(body: Body): ChatRequest {
  const { reasoning, tool_choice, ...given } = pickBody(body);
  const { tools, choice } = chooseTools(body.tools ?? [], tool_choice);
  const fields: ChatFields = {
    ...given,
    ...(reasoning && fromReasoning(reasoning, body.reasoning_effort)),
    tools,
    tool_choice: choice,
  };
  const known = Object.entries(fields).filter(([field]) => !isEmptyText(fields, field));
  return withoutEmpty(Object.fromEntries(known) as ChatFields);
}

function pathOfChoice(choice: NonNullable<Body['tool_choice']>): string[] {
  const isNamed = typeof choice === 'object' && choice.type === 'function';
  return isNamed ? ['tool_choice', 'function', 'name'] : ['tool_choice'];
}

type Check = { value: Body; issues: z.core.$ZodRawIssue[] };

/** Rules between fields. */
function checkTogether({ value: body, issues }: Check): void {
  const problem = (message: string, ...path: string[]) =>
    issues.push({ code: 'custom', message, path, input: body });
  const choice = body.tool_choice ?? 'auto';
  const unfit = toolProblems({
    names: (body.tools ?? []).map((tool) => tool.function.name),
    mustCall: choice === 'required',
    named: namesInChoice(choice),
    path: pathOfChoice(choice),
  });
  for (const { message, path } of unfit) problem(message, ...path);
  if ((body.top_logprobs ?? 0) > 0 && body.logprobs !== true) {
    problem('needs logprobs: true', 'top_logprobs');
  }
  const [most, mostNew] = [body.max_tokens ?? null, body.max_completion_tokens ?? null];
  if (most !== null && mostNew !== null && most !== mostNew) {
    problem('differs from max_tokens; give one of them', 'max_completion_tokens');
  }
}

const besideRequest = 'stream sits beside "request", not inside it';

/**
 * `request` of a native job: a chat-completions body. Unknown fields are refused with their path; null means
 * absent; values that say nothing are dropped, so what is stored is what the caller asked for. Coerces
 * nothing. The `model` of the answer is as given: the catalogue resolves it.
 */
export const chatRequestSchema = z
  .strictObject({
    ...bodyFields,
    ...neutralOnly,
    stream: z.literal(false, { error: besideRequest }).nullish(),
    stream_options: z.null({ error: besideRequest }).optional(),
  })
  .check(checkTogether)
  .transform(toChatRequest);

/**
 * What `POST /v1/chat/completions` was asked: the request, and how its caller wants to receive the answer.
 */
export type ChatCompletionsBody = { request: ChatRequest; stream: boolean; includeUsage: boolean };

/** The body of `POST /v1/chat/completions` itself, where `stream` and `stream_options` belong. */
export const chatCompletionsSchema = z
  .strictObject({
    ...bodyFields,
    ...neutralOnly,
    ...routingHints,
    stream: z.boolean().nullish(),
    stream_options: z
      .strictObject({
        include_usage: z.boolean().nullish(),
        include_obfuscation: z.boolean().nullish(),
      })
      .nullish(),
  })
  .check(checkTogether)
  .transform(
    ({ stream, stream_options, ...body }): ChatCompletionsBody => ({
      request: toChatRequest(body),
      stream: stream ?? false,
      includeUsage: stream_options?.include_usage ?? false,
    }),
  );
