import type { ChatCompletion, CompletionUsage } from '../../chat/chat.ts';
import type { JobError } from '../../jobs/rules/job.ts';
import { toOutput } from './output-items.ts';
import { toPassedResponse } from './passed-response.ts';
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
};

const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

/** A response; all of its fields are known only where it is made. */
export type Response = { id: string; model: string } & Record<string, unknown>;

/**
 * The `Response` of OpenAI's SDK (6.49), with every field that it says is there. `output_text` the SDK makes
 * itself.
 */
export function toResponse(facts: ResponseFacts): Response {
  const { completion, error, status } = facts;
  const { pass_through: passed } = completion ?? {};
  const isWhole = status === 'completed' || status === 'incomplete';
  if (isWhole && passed?.dialect === 'responses') return toPassedResponse(passed.body, facts);
  return {
    id: facts.id,
    object: 'response' as const,
    created_at: seconds(facts.createdAt),
    completed_at: facts.completedAt === null ? null : seconds(facts.completedAt),
    status,
    error:
      error === null || status === 'cancelled' ? null : { code: toErrorCode(error), message: error.message },
    incomplete_details: status === 'incomplete' ? { reason: whyIncomplete(completion) } : null,
    model: facts.model,
    output: completion === null ? [] : toOutput(completion, facts.id, itemStatusOf(status)),
    service_tier: 'default' as const,
    truncation: 'disabled' as const,
    usage: completion?.usage === undefined ? null : toResponseUsage(completion.usage),
    ...echo({ ...defaults, ...withoutNulls(facts.body) }),
  };
}

const itemStatusOf = (status: ResponseStatus) => (status === 'incomplete' ? 'incomplete' : 'completed');

const defaults = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  store: true,
  temperature: 1,
  tool_choice: 'auto' as const,
  tools: [],
  top_p: 1,
  user: null,
};

/** What was asked for, as a response repeats it. */
function echo(body: Omit<ResponsesBody, keyof typeof defaults> & Record<keyof typeof defaults, unknown>) {
  return {
    ...Object.fromEntries(
      Object.keys(defaults).map((name) => [name, body[name as keyof typeof defaults]] as const),
    ),
    reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
    text: {
      format: body.text?.format ?? { type: 'text' },
      ...(body.text?.verbosity ? { verbosity: body.text.verbosity } : {}),
    },
  };
}

function withoutNulls(body: ResponsesBody): ResponsesBody {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as ResponsesBody;
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
