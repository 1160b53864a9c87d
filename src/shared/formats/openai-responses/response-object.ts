import type { ChatCompletion, CompletionUsage } from '../../chat/chat.ts';
import type { JobError } from '../../jobs/rules/job.ts';
import { withMissing } from '../common/with-missing.ts';
import { toOutput } from './output-items.ts';
import { toPassedResponse } from './passed-response.ts';
import { clientNames } from './response-namespaces.ts';
import type { ResponsesBody } from './response-request.ts';

/** What became of a response so far, in the words of the Responses API. */
export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'incomplete';

export type ResponseFacts = {
  /** `resp_…` */
  id: string;
  createdAt: Date;
  completedAt: Date | null;
  /** The resolved model. */
  model: string;
  status: ResponseStatus;
  error: JobError | null;
  completion: ChatCompletion | null;
  body: ResponsesBody;
  /** The parts that what was thought was streamed in; one when left out. */
  thoughts?: string[] | undefined;
};

type Tool = NonNullable<ResponsesBody['tools']>[number];
type Format = NonNullable<NonNullable<ResponsesBody['text']>['format']>;

const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

/** A response; all of its fields are known only where it is made. */
export type Response = { id: string; model: string } & Record<string, unknown>;

/**
 * The `Response` of OpenAI's SDK (7.59), with every field that it or the schema of Open Responses
 * (`ResponseResource`) says is there. `output_text` the SDK makes itself.
 */
export function toResponse(facts: ResponseFacts): Response {
  const { completion, status } = facts;
  const { pass_through: passed } = completion ?? {};
  const isWhole = status === 'completed' || status === 'incomplete';
  const known = { ...knownFields(facts), ...echo(facts.body) };
  if (isWhole && passed?.dialect === 'responses') {
    return toPassedResponse(withMissing(passed.body, known), facts);
  }
  const output = completion === null ? [] : outputOf(completion, facts);
  return { id: facts.id, ...known, model: facts.model, output };
}

/** What of a response does not stand in its request, without its output. */
function knownFields({ completion, createdAt, completedAt, error, status }: ResponseFacts) {
  return {
    object: 'response' as const,
    created_at: seconds(createdAt),
    completed_at: completedAt === null ? null : seconds(completedAt),
    status,
    error:
      error === null || status === 'cancelled' ? null : { code: toErrorCode(error), message: error.message },
    incomplete_details: status === 'incomplete' ? { reason: whyIncomplete(completion) } : null,
    access_programs: null,
    service_tier: 'default' as const,
    truncation: 'disabled' as const,
    usage: completion?.usage === undefined ? null : toResponseUsage(completion.usage),
  };
}

const outputOf = (completion: ChatCompletion, { id, status, body, thoughts }: ResponseFacts) =>
  toOutput(completion, id, itemStatusOf(status), clientNames(body.tools ?? []), thoughts);

const itemStatusOf = (status: ResponseStatus) => (status === 'incomplete' ? 'incomplete' : 'completed');

/** What a request asks for, with what the vendor's API makes of it where it is left out. */
const defaults = {
  background: false,
  conversation: null,
  frequency_penalty: 0,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt: null,
  prompt_cache_key: null,
  prompt_cache_retention: null,
  safety_identifier: null,
  store: true,
  temperature: 1,
  tool_choice: 'auto' as const,
  top_logprobs: 0,
  top_p: 1,
  user: null,
};

/** What was asked for, as a response repeats it. */
function echo(body: ResponsesBody) {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  return {
    ...pick({ ...defaults, ...given }),
    reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
    text: {
      format: toFormat(body.text?.format),
      verbosity: body.text?.verbosity ?? 'medium',
    },
    tools: (body.tools ?? []).map(toTool),
  };
}

function pick(fields: Record<keyof typeof defaults, unknown>) {
  const names = Object.keys(defaults) as (keyof typeof defaults)[];
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

/** A function has each of its fields; a tool of another type is shown as it was sent. */
function toTool(tool: Tool) {
  if (tool.type !== 'function') return tool;
  return { description: null, parameters: null, strict: null, ...tool };
}

function toFormat(format: Format | null | undefined) {
  if (format?.type !== 'json_schema') return format ?? { type: 'text' };
  return { description: null, strict: null, ...format };
}

function whyIncomplete(completion: ChatCompletion | null): 'content_filter' | 'max_output_tokens' {
  const reason = completion?.choices[0]?.finish_reason;
  return reason === 'content_filter' ? 'content_filter' : 'max_output_tokens';
}

function toResponseUsage(usage: CompletionUsage) {
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: {
      cached_tokens: usage.prompt_tokens_details.cached_tokens,
      cache_write_tokens: usage.prompt_tokens_details.cache_write_tokens,
    },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: usage.completion_tokens_details.reasoning_tokens },
    total_tokens: usage.total_tokens,
  };
}

/** OpenAI knows few codes; the gateway's own word is in the message. */
function toErrorCode({ type }: JobError): string {
  if (type === 'provider_rejected') return 'invalid_prompt';
  return type === 'provider_unavailable' ? 'rate_limit_exceeded' : 'server_error';
}
