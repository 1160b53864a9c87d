import { z } from 'zod';
import type { ChatRequest, Tool, ToolChoice } from '../../chat/chat.ts';
import { cacheMark } from '../common/extra-content.ts';
import { toolProblems } from '../common/tool-problems.ts';
import { systemSchema, turnSchema } from './message-blocks.ts';
import { marksOf } from './message-parts.ts';
import { outputConfigSchema, outputFormatSchema, thinkingSchema, toThinking } from './message-thinking.ts';
import { fromSystem, fromTurn, markLast } from './message-turns.ts';

/** Anthropic's own limit; a provider with a shorter one refuses the name at intake. */
const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, {
  error: 'must be 1 to 128 letters, digits, underscores or dashes',
});

const toolSchema = z.object({
  type: z.literal('custom', { error: 'only custom tools are supported; server tools are not' }).nullish(),
  name: toolName,
  description: z.string().nullish(),
  input_schema: z.looseObject({ type: z.literal('object') }),
  strict: z.boolean().nullish(),
  cache_control: z.unknown().optional(),
});

const single = { disable_parallel_tool_use: z.boolean().nullish() };
const toolChoiceSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), ...single }),
  z.strictObject({ type: z.literal('any'), ...single }),
  z.strictObject({ type: z.literal('tool'), name: z.string().min(1), ...single }),
  z.strictObject({ type: z.literal('none') }),
]);

/** In the words by which clients of Anthropic's know what they can leave out and go on. */
const notPermitted = 'Extra inputs are not permitted';
const notHere = z.null({ error: notPermitted }).optional();
/** What only trims, reports or redirects: no answer means anything else without it. */
const hint = z.unknown().optional();

/**
 * Edits that take something out of the conversation. One that makes the model summarise it bills output that
 * nothing is held for.
 */
const contextManagement = z
  .looseObject({
    edits: z.array(z.looseObject({ type: z.string().regex(/^clear_/, { error: notPermitted }) })).nullish(),
  })
  .nullish();

/** Anthropic's clients read in the details that they are to send the whole conversation (SDK 1.14). */
const threadDetails = { error_code: 'thread_unsupported_request', unsupported: ['thread'] };

const bodyFields = {
  model: z.string().min(1).max(256),
  max_tokens: z.int().min(1).max(10_000_000),
  messages: z.array(turnSchema).min(1),
  system: systemSchema.nullish(),
  metadata: z.object({ user_id: z.string().max(256).nullish() }).nullish(),
  stop_sequences: z.array(z.string().min(1)).nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  thinking: thinkingSchema.nullish(),
  output_config: outputConfigSchema.nullish(),
  service_tier: z.enum(['auto', 'standard_only']).nullish(),
  cache_control: cacheMark,
  /** -1 is what clients with a sentinel send for none. */
  top_k: z.int().min(-1).nullish(),
  output_format: outputFormatSchema.nullish(),
  speed: z.literal('standard', { error: notPermitted }).nullish(),
  thread: z.unknown().meta({ type: 'null' }).optional(),
  billing_policy: notHere,
  container: notHere,
  fallbacks: notHere,
  inference_geo: notHere,
  mcp_servers: z.array(z.never({ error: notPermitted })).nullish(),
  user_profile_id: notHere,
  workspace_id: notHere,
  betas: hint,
  compaction: notHere,
  context_management: contextManagement,
  diagnostics: hint,
  fallback_credit_token: hint,
};

type Body = z.output<z.ZodObject<typeof bodyFields>>;

type Check = { value: Pick<Body, 'tools' | 'tool_choice' | 'thread'>; issues: z.core.$ZodRawIssue[] };

function checkTogether({ value: body, issues }: Check): void {
  const choice = body.tool_choice ?? { type: 'auto' };
  const unfit = toolProblems({
    names: (body.tools ?? []).map(({ name }) => name),
    mustCall: choice.type === 'any',
    named: choice.type === 'tool' ? [choice.name] : [],
    path: ['tool_choice', 'name'],
  });
  for (const problem of unfit) issues.push({ code: 'custom', ...problem, input: body });
  if (body.thread === null || body.thread === undefined) return;
  const params = { details: threadDetails };
  issues.push({ code: 'custom', message: notPermitted, path: ['thread'], params, input: body });
}

/**
 * What `POST /v1/messages` was asked: a request of ours, whether its caller wants the answer as it comes, and
 * what usage counts by.
 */
export type MessagesBody = { request: ChatRequest; stream: boolean; metadata: Record<string, string> };

/**
 * The body of `POST /v1/messages` (SDK 1.14 `MessageCreateParams`, and its beta's); what cannot be done is
 * refused by its path.
 */
export const messagesSchema = z
  .strictObject({ ...bodyFields, stream: z.boolean().nullish() })
  .check(checkTogether)
  .transform(
    ({ stream, ...body }): MessagesBody => ({
      request: toChatRequest(body),
      stream: stream ?? false,
      metadata: toMetadata(body.metadata?.user_id),
    }),
  );

/** The body of `POST /v1/messages/count_tokens`: the same without a bound for the output. */
export const countTokensSchema = z
  .strictObject({ ...bodyFields, max_tokens: z.int().min(1).nullish() })
  .check(checkTogether)
  .transform((body): ChatRequest => toChatRequest({ ...body, max_tokens: body.max_tokens ?? 1 }));

function toChatRequest(body: Body): ChatRequest {
  const format = body.output_config?.format ?? body.output_format ?? null;
  const userId = body.metadata?.user_id ?? null;
  const hasTools = (body.tools ?? []).length > 0;
  const messages = [...fromSystem(body.system, 'system'), ...body.messages.flatMap(fromTurn)];
  return {
    model: body.model,
    messages: markLast(messages, cacheMark.safeParse(body.cache_control).data),
    max_tokens: body.max_tokens,
    ...((body.stop_sequences ?? []).length > 0 && { stop: body.stop_sequences ?? [] }),
    ...(typeof body.temperature === 'number' && { temperature: body.temperature }),
    ...(typeof body.top_p === 'number' && { top_p: body.top_p }),
    ...(typeof body.top_k === 'number' && body.top_k >= 0 && { top_k: body.top_k }),
    ...toThinking(body),
    ...(format !== null && {
      response_format: { type: 'json_schema', json_schema: { name: 'output', schema: format.schema } },
    }),
    ...(hasTools && { tools: (body.tools ?? []).map(toTool), ...toToolChoice(body.tool_choice) }),
    ...(userId !== null && { user: userId }),
  };
}

function toMetadata(userId: string | null | undefined): Record<string, string> {
  return typeof userId === 'string' ? { user_id: userId } : {};
}

function toTool(tool: z.output<typeof toolSchema>): Tool {
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(typeof tool.description === 'string' && { description: tool.description }),
      parameters: tool.input_schema,
      ...(tool.strict === true && { strict: true }),
    },
    ...marksOf(tool),
  };
}

function toToolChoice(choice: z.output<typeof toolChoiceSchema> | null | undefined): {
  tool_choice?: ToolChoice;
  parallel_tool_calls?: boolean;
} {
  if (choice === null || choice === undefined) return {};
  if (choice.type === 'none') return { tool_choice: 'none' };
  const parallel = choice.disable_parallel_tool_use === true ? { parallel_tool_calls: false } : {};
  if (choice.type === 'any') return { tool_choice: 'required', ...parallel };
  if (choice.type === 'tool')
    return { tool_choice: { type: 'function', function: { name: choice.name } }, ...parallel };
  return parallel;
}
