import { z } from 'zod';
import type { ChatRequest, Message, ResponseFormat, Tool, ToolChoice } from '../../chat/chat.ts';
import { functionName } from '../common/function-name.ts';
import { metadataSchema } from '../common/metadata-schema.ts';
import { toolProblems } from '../common/tool-problems.ts';
import { fromItems, type InputItem, inputItemSchema } from './response-items.ts';

const functionTool = z.strictObject({
  type: z.literal('function', { error: 'must be "function"; built-in tools are not supported' }),
  name: functionName,
  description: z.string().nullish(),
  parameters: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.strictObject({ type: z.literal('function'), name: z.string().min(1) }),
]);

const textFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().min(1).max(64),
    description: z.string().nullish(),
    schema: z.looseObject({}),
    strict: z.boolean().nullish(),
  }),
]);

const notHere = (what: string) => z.null({ error: `${what} is not supported` }).optional();

/**
 * The body of `POST /v1/responses` (SDK 6.49 `ResponseCreateParams`); what cannot be done is refused by its
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
      .strictObject({
        effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
        summary: z
          .literal('auto', { error: 'only auto is supported: it leaves open whether there is a summary' })
          .nullish(),
      })
      .nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    text: z
      .strictObject({ format: textFormat.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() })
      .nullish(),
    tools: z.array(functionTool).max(128).nullish(),
    tool_choice: toolChoice.nullish(),
    truncation: z.literal('disabled', { error: 'only disabled is supported' }).nullish(),
    user: z.string().nullish(),
    safety_identifier: z.string().nullish(),
    prompt_cache_key: z.string().nullish(),
    service_tier: z.enum(['auto', 'default'], { error: 'only auto and default are supported' }).nullish(),
    include: z
      .array(z.enum(['reasoning.encrypted_content'], { error: 'is not something that can be included' }))
      .nullish(),
    conversation: notHere('conversation'),
    prompt: notHere('prompt'),
    context_management: notHere('context_management'),
    moderation: notHere('moderation'),
    top_logprobs: z.literal(0, { error: 'log probabilities are not supported here' }).nullish(),
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
    const choice = body.tool_choice ?? 'auto';
    const unfit = toolProblems({
      names: (body.tools ?? []).map(({ name }) => name),
      mustCall: choice === 'required',
      named: typeof choice === 'object' ? { name: choice.name, path: ['tool_choice', 'name'] } : null,
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
    typeof body.instructions === 'string' ? [{ role: 'developer', content: body.instructions }] : [];
  const tools = body.tools ?? [];
  const effort = body.reasoning?.effort ?? null;
  const format = toResponseFormat(body.text?.format);
  return {
    model: body.model,
    messages: [...instructions, ...fromItems([...earlier, ...inputItems(body)])],
    ...kept({
      max_completion_tokens: body.max_output_tokens,
      temperature: body.temperature,
      top_p: body.top_p,
      reasoning_effort: effort,
      verbosity: body.text?.verbosity,
      response_format: format,
      user: body.user,
      safety_identifier: body.safety_identifier,
      prompt_cache_key: body.prompt_cache_key,
    }),
    ...(tools.length > 0 && {
      tools: tools.map(toTool),
      ...kept({
        tool_choice: toToolChoice(body.tool_choice),
        parallel_tool_calls: body.parallel_tool_calls === false ? false : null,
      }),
    }),
  };
}

function toTool({ name, description, parameters, strict }: z.output<typeof functionTool>): Tool {
  return { type: 'function', function: { name, ...kept({ description, parameters, strict }) } };
}

function toToolChoice(choice: z.output<typeof toolChoice> | null | undefined): ToolChoice | null {
  if (choice === null || choice === undefined || choice === 'auto') return null;
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };
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
