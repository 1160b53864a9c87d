import type {
  ResponseCreateParams,
  ResponseFormatTextConfig,
  ResponseIncludable,
  Tool as ResponseTool,
} from 'openai/resources/responses/responses';
import type { ChatRequest, ResponseFormat, Tool } from '../../shared/chat/chat.ts';
import { toResponseItems } from './openai-responses-items.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, pickFields } from './read-field.ts';

/**
 * The body for `POST /responses` (`ResponseCreateParams` of the SDK): nothing is stored at OpenAI, reasoning
 * comes back encrypted. `seed`, `metadata` and what a name says of an assistant are hints without a field
 * there.
 */
export function toResponsesRequest(call: ProviderCall): ResponseCreateParams {
  const { request } = call;
  const include = includedIn(call);
  const body = {
    ...pickFields(request, ['user', 'safety_identifier', 'prompt_cache_key']),
    ...toSampling(request),
    model: call.model,
    input: toResponseItems(request.messages),
    store: false,
    max_output_tokens: call.maxOutputTokens,
    ...(include.length > 0 && { include }),
    ...toReasoning(request),
    ...toTextConfig(request),
    ...toToolSettings(request),
    ...(request.logprobs === true && pickFields(request, ['top_logprobs'])),
    ...(call.stream && { stream: true }),
  };
  return body as unknown as ResponseCreateParams;
}

/** What is the default is not sent: models that reason refuse the fields, whatever their value. */
function toSampling({ temperature = 1, top_p = 1 }: ChatRequest) {
  return { ...(temperature !== 1 && { temperature }), ...(top_p !== 1 && { top_p }) };
}

/** A model that does not reason refuses to be asked for its encrypted reasoning. */
function includedIn({ request, reasons }: ProviderCall): ResponseIncludable[] {
  return [
    ...(reasons ? (['reasoning.encrypted_content'] as const) : []),
    ...(request.logprobs === true ? (['message.output_text.logprobs'] as const) : []),
  ];
}

/** A summary is asked for only when the client wants one: OpenAI refuses it to organisations not verified. */
function toReasoning({ reasoning_effort: effort, reasoning_summary: summary }: ChatRequest) {
  if (effort === undefined && summary === undefined) return {};
  return { reasoning: { ...(effort && { effort }), ...(summary && { summary }) } };
}

function toTextConfig({ response_format: format, verbosity }: ChatRequest) {
  if (format === undefined && verbosity === undefined) return {};
  return { text: { ...(format && { format: toFormat(format) }), ...(verbosity && { verbosity }) } };
}

function toFormat(format: ResponseFormat): ResponseFormatTextConfig {
  if (format.type !== 'json_schema') return format;
  const { schema = {}, strict, ...named } = format.json_schema;
  return { type: 'json_schema', ...named, schema, strict: strict ?? false };
}

/** OpenAI refuses tool settings where there are no tools. */
function toToolSettings({ tools = [], tool_choice: choice, parallel_tool_calls: isParallel }: ChatRequest) {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(toResponseTool),
    ...(choice !== undefined && { tool_choice: toToolChoice(choice, tools) }),
    ...(isParallel !== undefined && { parallel_tool_calls: isParallel }),
  };
}

function toToolChoice(choice: NonNullable<ChatRequest['tool_choice']>, tools: Tool[]) {
  if (typeof choice === 'string') return choice;
  const { name } = choice.function;
  const isCustom = tools.some((tool) => tool.function.name === name && tool.custom !== undefined);
  return { type: isCustom ? 'custom' : 'function', name };
}

/** Without a word, a function of chat completions is not strict and one of the Responses API is. */
function toResponseTool({
  custom,
  function: { name, description, parameters = {}, strict },
}: Tool): ResponseTool {
  const named = { name, ...(description !== undefined && { description }) };
  if (custom !== undefined) return { type: 'custom', ...named, ...toGrammar(custom.format) } as ResponseTool;
  return {
    type: 'function',
    ...named,
    parameters: Object.keys(parameters).length === 0 ? noParameters : parameters,
    strict: strict ?? false,
  };
}

const noParameters = { type: 'object', properties: {}, required: [], additionalProperties: false };

/** Chat completions have a grammar one level deeper (`CustomToolInputFormat` beside `Custom.Grammar`). */
function toGrammar(format: unknown): { format?: unknown } {
  if (!isRecord(format)) return {};
  const { grammar, ...rest } = format;
  return { format: isRecord(grammar) ? { ...rest, ...grammar } : format };
}
