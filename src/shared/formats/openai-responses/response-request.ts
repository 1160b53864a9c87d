import { z } from 'zod';
import type { ChatRequest, Message, ResponseFormat } from '../../chat/chat.ts';
import { withClientPath } from '../../chat/client-path.ts';
import { chooseTools, namesInChoice } from '../common/allowed-tools.ts';
import { metadataSchema } from '../common/metadata-schema.ts';
import { effortSchema, summarySchema } from '../common/reasoning-effort.ts';
import { routingHints } from '../common/routing-hints.ts';
import { toolProblems } from '../common/tool-problems.ts';
import { fromItems } from './item-turns.ts';
import { type InputItem, inputItemSchema } from './response-items.ts';
import { offeredTools, toolChoiceSchema, toolSchema, toToolChoice, toTools } from './response-tools.ts';

const textFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string().min(1).max(64),
    description: z.string().nullish(),
    schema: z.looseObject({}),
    strict: z.boolean().nullish(),
  }),
]);

const logprobsOfText = 'message.output_text.logprobs';

/**
 * SDK 7.59 `ResponseIncludable`. All but the first two are of tools that a provider runs itself, of which an
 * answer here has none.
 */
const includable = [
  'reasoning.encrypted_content',
  logprobsOfText,
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'web_search_call.action.sources',
  'web_search_call.results',
] as const;

const notHere = (what: string) => z.null({ error: `${what} is not supported` }).optional();

/**
 * The body of `POST /v1/responses` (SDK 7.59 `ResponseCreateParams`); what cannot be done is refused by its
 * path.
 */
export const responsesSchema = z
  .strictObject({
    model: z.string().min(1).max(256),
    input: z.union([z.string(), z.array(inputItemSchema).min(1)]),
    instructions: z.string().nullish(),
    previous_response_id: z.string().min(1).nullish(),
    background: z.boolean().nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
    store: z.boolean().nullish(),
    max_output_tokens: z.int().min(1).max(10_000_000).nullish(),
    metadata: metadataSchema.nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    reasoning: z
      .object({
        effort: effortSchema.nullish(),
        summary: summarySchema.nullish(),
        generate_summary: summarySchema.nullish(),
        context: z.enum(['auto', 'current_turn', 'all_turns']).nullish(),
        mode: z.literal('standard', { error: 'only standard is supported' }).nullish(),
      })
      .nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    text: z
      .strictObject({ format: textFormat.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() })
      .nullish(),
    tools: z.array(toolSchema).max(128).nullish(),
    tool_choice: toolChoiceSchema.nullish(),
    /** A prompt that does not fit is refused either way, so nothing is ever cut off. */
    truncation: z.enum(['auto', 'disabled']).nullish(),
    user: z.string().nullish(),
    safety_identifier: z.string().nullish(),
    prompt_cache_key: z.string().nullish(),
    service_tier: z.enum(['auto', 'default'], { error: 'only auto and default are supported' }).nullish(),
    include: z.array(z.enum(includable, { error: 'is not something that can be included' })).nullish(),
    /** Of tools that a provider runs itself, and there are none. */
    max_tool_calls: z.int().min(1).nullish(),
    prompt_cache_retention: z.enum(['in_memory', 'in-memory', '24h']).nullish(),
    prompt_cache_options: z.looseObject({}).nullish(),
    background_options: z.looseObject({}).nullish(),
    access_programs: notHere('access_programs'),
    image: notHere('image'),
    conversation: notHere('conversation'),
    prompt: notHere('prompt'),
    context_management: notHere('context_management'),
    moderation: notHere('moderation'),
    top_logprobs: z.int().min(0).max(20).nullish(),
    ...routingHints,
  })
  .check(({ value: body, issues }) => {
    if (body.background === true && body.store === false) {
      issues.push({
        code: 'custom',
        message: 'a background response must be stored',
        path: ['store'],
        input: body,
      });
    }
    const choice = toToolChoice(body.tool_choice);
    const isNamed = typeof choice === 'object' && choice?.type === 'function';
    const unfit = toolProblems({
      names: toTools(body.tools ?? []).map((tool) => tool.function.name),
      mustCall: choice === 'required',
      named: namesInChoice(choice),
      path: isNamed ? ['tool_choice', 'name'] : ['tool_choice'],
    });
    for (const problem of unfit) issues.push({ code: 'custom', ...problem, input: body });
  });

export type ResponsesBody = z.output<typeof responsesSchema>;

/**
 * The field that a stored body begins with, so that a conversation is followed without reading what was said
 * in it.
 */
export const firstStoredField = 'previous_response_id';

/** The items that are this request's own; a text is one message of the user. */
export function inputItems({ input }: ResponsesBody): InputItem[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
}

/** The request as the engine takes it. `earlier` are the items of the responses before it, oldest first. */
export function toChatRequest(body: ResponsesBody, earlier: InputItem[]): ChatRequest {
  const instructions: Message[] =
    typeof body.instructions === 'string'
      ? [withClientPath({ role: 'developer', content: body.instructions }, 'instructions')]
      : [];
  const items = [...earlier, ...inputItems(body)];
  const offered = toTools(offeredTools(body.tools ?? [], items));
  const { tools, choice } = chooseTools(offered, toToolChoice(body.tool_choice));
  return {
    model: body.model,
    messages: [...instructions, ...fromItems(items, earlier.length)],
    ...kept({
      max_completion_tokens: body.max_output_tokens,
      temperature: body.temperature,
      top_p: body.top_p,
      reasoning_effort: body.reasoning?.effort,
      reasoning_summary: body.reasoning?.summary ?? body.reasoning?.generate_summary,
      verbosity: body.text?.verbosity,
      ...toLogprobs(body),
      response_format: toResponseFormat(body.text?.format),
      user: body.user,
      safety_identifier: body.safety_identifier,
      prompt_cache_key: body.prompt_cache_key,
    }),
    ...(tools.length > 0 && {
      tools,
      ...kept({
        tool_choice: choice === 'auto' ? null : choice,
        parallel_tool_calls: body.parallel_tool_calls === false ? false : null,
      }),
    }),
  };
}

/** The number of alternatives is one of those that are included, and asks for none by itself. */
function toLogprobs({ include, top_logprobs: top }: ResponsesBody) {
  if (!include?.includes(logprobsOfText)) return {};
  return { logprobs: true, ...(top ? { top_logprobs: top } : {}) };
}

function toResponseFormat(format: z.output<typeof textFormat> | null | undefined): ResponseFormat | null {
  if (format === null || format === undefined || format.type === 'text') return null;
  if (format.type === 'json_object') return format;
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', json_schema: { name, schema, ...kept({ description, strict }) } };
}

/** Without what was not said. */
function kept<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]?: Exclude<Fields[Key], null | undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof Fields]?: Exclude<Fields[Key], null | undefined> };
}
