import { z } from 'zod';
import type { ChatRequest, ReasoningEffort, Tool, ToolChoice } from '../../chat/chat.ts';
import { cacheMark } from '../common/extra-content.ts';
import { functionName } from '../common/function-name.ts';
import { toolProblems } from '../common/tool-problems.ts';
import { fromSystem, fromTurn, markLast, marksOf, systemSchema, turnSchema } from './message-blocks.ts';

const toolSchema = z.strictObject({
  type: z.literal('custom', { error: 'only custom tools are supported; server tools are not' }).nullish(),
  name: functionName,
  description: z.string().nullish(),
  input_schema: z.looseObject({ type: z.literal('object') }),
  strict: z.boolean().nullish(),
  cache_control: cacheMark,
  eager_input_streaming: z.boolean().nullish(),
});

const single = { disable_parallel_tool_use: z.boolean().nullish() };
const toolChoiceSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), ...single }),
  z.strictObject({ type: z.literal('any'), ...single }),
  z.strictObject({ type: z.literal('tool'), name: z.string().min(1), ...single }),
  z.strictObject({ type: z.literal('none') }),
]);

const display = z
  .enum(['summarized', 'omitted'], { error: 'only summarized and omitted are supported' })
  .nullish();
const thinkingSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('disabled') }),
  z.strictObject({ type: z.literal('adaptive'), display }),
  z.strictObject({
    type: z.literal('enabled'),
    budget_tokens: z.int().min(1024),
    display,
  }),
]);

const outputConfigSchema = z.strictObject({
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  format: z.strictObject({ type: z.literal('json_schema'), schema: z.looseObject({}) }).nullish(),
});

const notHere = (what: string) => z.null({ error: `${what} is not supported` }).optional();

const bodyFields = {
  model: z.string().min(1).max(256),
  max_tokens: z.int().min(1).max(10_000_000),
  messages: z.array(turnSchema).min(1),
  system: systemSchema.nullish(),
  metadata: z.strictObject({ user_id: z.string().max(256).nullish() }).nullish(),
  stop_sequences: z.array(z.string().min(1)).max(4).nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(toolSchema).max(128).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  thinking: thinkingSchema.nullish(),
  output_config: outputConfigSchema.nullish(),
  service_tier: z.enum(['auto', 'standard_only']).nullish(),
  cache_control: cacheMark,
  top_k: notHere('top_k'),
  container: notHere('container'),
  mcp_servers: notHere('mcp_servers'),
  context_management: notHere('context_management'),
  diagnostics: notHere('diagnostics'),
  inference_geo: notHere('inference_geo'),
  speed: z.literal('standard', { error: 'only standard is supported' }).nullish(),
  user_profile_id: notHere('user_profile_id'),
  workspace_id: notHere('workspace_id'),
};

type Body = z.output<z.ZodObject<typeof bodyFields>>;

type Check = { value: Pick<Body, 'tools' | 'tool_choice'>; issues: z.core.$ZodRawIssue[] };

function checkTools({ value: body, issues }: Check): void {
  const choice = body.tool_choice ?? { type: 'auto' };
  const unfit = toolProblems({
    names: (body.tools ?? []).map(({ name }) => name),
    mustCall: choice.type === 'any',
    named: choice.type === 'tool' ? { name: choice.name, path: ['tool_choice', 'name'] } : null,
  });
  for (const problem of unfit) issues.push({ code: 'custom', ...problem, input: body });
}

/**
 * What `POST /v1/messages` was asked: a request of ours, whether its caller wants the answer as it comes, and
 * what usage counts by.
 */
export type MessagesBody = { request: ChatRequest; stream: boolean; metadata: Record<string, string> };

/**
 * The body of `POST /v1/messages` (SDK 1.12 `MessageCreateParams`); what cannot be done is refused by its
 * path.
 */
export const messagesSchema = z
  .strictObject({ ...bodyFields, stream: z.boolean().nullish() })
  .check(checkTools)
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
  .check(checkTools)
  .transform((body): ChatRequest => toChatRequest({ ...body, max_tokens: body.max_tokens ?? 1 }));

function toChatRequest(body: Body): ChatRequest {
  const effort = toEffort(body);
  const format = body.output_config?.format ?? null;
  const userId = body.metadata?.user_id ?? null;
  const hasTools = (body.tools ?? []).length > 0;
  const shown = body.thinking?.type === 'disabled' ? null : body.thinking?.display;
  return {
    model: body.model,
    messages: markLast([...fromSystem(body.system), ...body.messages.flatMap(fromTurn)], body.cache_control),
    max_tokens: body.max_tokens,
    ...((body.stop_sequences ?? []).length > 0 && { stop: body.stop_sequences ?? [] }),
    ...(typeof body.temperature === 'number' && { temperature: body.temperature }),
    ...(typeof body.top_p === 'number' && { top_p: body.top_p }),
    ...(effort !== null && { reasoning_effort: effort }),
    ...(typeof shown === 'string' && { thinking_display: shown }),
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

/**
 * A budget becomes the effort whose own budget it reaches; see the budgets a thinking Claude is given by
 * effort.
 */
const effortFromBudget: [number, ReasoningEffort][] = [
  [32_768, 'xhigh'],
  [16_384, 'high'],
  [8192, 'medium'],
  [2048, 'low'],
];

function toEffort({ thinking, output_config }: Body): ReasoningEffort | null {
  if (thinking?.type === 'disabled') return 'none';
  const effort = output_config?.effort ?? null;
  if (effort !== null) return effort === 'max' ? 'xhigh' : effort;
  if (thinking?.type === 'adaptive') return 'high';
  if (thinking?.type !== 'enabled') return null;
  return effortFromBudget.find(([budget]) => thinking.budget_tokens >= budget)?.[1] ?? 'minimal';
}
