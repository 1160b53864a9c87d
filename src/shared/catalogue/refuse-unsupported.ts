import type { ChatRequest, PassThrough } from '../chat/chat.ts';
import type { OpenaiApi } from './model.ts';
import { alwaysThinks, isBudgetClaude } from './model-traits.ts';
import type { ModelSupport, Refusal, UpstreamKind } from './refusal.ts';
import { refuseForResponses } from './refuse-for-responses.ts';
import { refuseMessages } from './refuse-messages.ts';

/**
 * Everything in a request that a provider cannot do, so that intake can refuse it by name instead of dropping
 * it. Neutral values (`n: 1`, `logprobs: false`, penalties of 0, …) pass everywhere, hints (`user`,
 * `metadata`, …) never count. Empty: it may go.
 */
export function refuseUnsupported(
  request: ChatRequest,
  kind: UpstreamKind,
  supports: ModelSupport,
  api?: OpenaiApi,
): Refusal[] {
  return [
    ...refuseCapabilities(request, supports),
    ...(kind === 'anthropic' ? refuseForAnthropic(request) : []),
    ...(kind === 'google' ? refuseForGoogle(request) : []),
    ...refuseForResponses(request, api),
    ...(kind === 'openai' ? refuseForOpenai(request) : []),
    ...(kind === 'anthropic' ? [] : refuseLongNames(request)),
    ...refuseMessages(request, kind, supports),
  ];
}

function refuseCapabilities(request: ChatRequest, supports: ModelSupport): Refusal[] {
  const wantsSchema = request.response_format?.type === 'json_schema';
  return collect([
    [supports.tools === false && hasTools(request), 'tools', 'this model cannot call tools'],
    [
      supports.json_schema === false && wantsSchema,
      'response_format',
      'this model cannot follow a JSON schema',
    ],
    [
      supports.reasoning === false && thinks(request) && request.thinking_adaptive !== true,
      'reasoning_effort',
      'not supported: this model does not reason',
    ],
  ]);
}

function refuseForAnthropic(request: ChatRequest): Refusal[] {
  return collect([
    [(request.n ?? 1) > 1, 'n', 'Anthropic gives one choice only'],
    [request.logprobs === true, 'logprobs', 'Anthropic gives no log probabilities'],
    [(request.top_logprobs ?? 0) > 0, 'top_logprobs', 'Anthropic gives no log probabilities'],
    [isSet(request.presence_penalty), 'presence_penalty', 'Anthropic has no penalties'],
    [isSet(request.frequency_penalty), 'frequency_penalty', 'Anthropic has no penalties'],
    [hasBias(request), 'logit_bias', 'Anthropic has no logit bias'],
    [hasVerbosity(request), 'verbosity', 'Anthropic has no verbosity'],
    ...anthropicSampling(request),
    ...anthropicThinking(request),
  ]);
}

/** Temperature 1 and top_p 1 are Anthropic's defaults and are not sent. */
function anthropicSampling(request: ChatRequest): Check[] {
  const { model, temperature = 1, top_p = 1 } = request;
  const isOld = isBudgetClaude(model);
  const gone = 'this Claude model has no sampling settings';
  return [
    [!isOld && temperature !== 1, 'temperature', gone],
    [!isOld && top_p !== 1, 'top_p', gone],
    [!isOld && request.top_k !== undefined, 'top_k', gone],
    [isOld && temperature > 1, 'temperature', 'Anthropic takes at most 1'],
    [isOld && temperature !== 1 && top_p !== 1, 'top_p', 'Anthropic takes either temperature or top_p'],
  ];
}

const leastThinkingTokens = 1024;

/** Thinking is counted within `max_tokens`, and excludes a forced tool and sampling settings. */
function anthropicThinking(request: ChatRequest): Check[] {
  if (!thinks(request)) return [];
  const { tool_choice: choice, temperature = 1, top_p = 1 } = request;
  const isForced = choice === 'required' || typeof choice === 'object';
  const bound = request.max_completion_tokens ?? request.max_tokens;
  const isOld = isBudgetClaude(request.model);
  const hasBudget = request.thinking_budget_tokens !== undefined;
  const hasNoRoom = isOld && !hasBudget && bound !== undefined && bound <= leastThinkingTokens;
  return [
    [isForced, 'tool_choice', 'Claude cannot think before a forced tool call'],
    [isOld && temperature !== 1, 'temperature', 'Claude thinks at temperature 1 only'],
    [isOld && top_p !== 1, 'top_p', 'Claude thinks at top_p 1 only'],
    [exceedsOutput(request), 'thinking_budget_tokens', budgetProblem],
    [hasNoRoom, 'reasoning_effort', `thinking needs a maximum of more than ${leastThinkingTokens} tokens`],
  ];
}

const budgetProblem = 'must be less than the maximum of the output (max_tokens)';

/** Whether a budget of thinking leaves Claude no token for an answer. */
function exceedsOutput({ model, thinking_budget_tokens: budget, ...request }: ChatRequest): boolean {
  const bound = request.max_completion_tokens ?? request.max_tokens;
  return isBudgetClaude(model) && budget !== undefined && bound !== undefined && budget >= bound;
}

/** The beta with which a budget counts for all that is thought between tools, and may exceed the output. */
const interleaved = /\binterleaved-thinking-/;

/**
 * What of a request that passes through its provider refuses for certain: no call is made, and no money held,
 * to learn that. All else is left to the provider.
 */
export function refusePassed(request: ChatRequest, { dialect, body }: PassThrough): Refusal[] {
  if (dialect !== 'messages' || interleaved.test(String(body['anthropic_beta'] ?? ''))) return [];
  return collect([[exceedsOutput(request), 'thinking_budget_tokens', budgetProblem]]);
}

const googleStopMax = 5;
const googleChoicesMax = 8;
const googleLogprobsMax = 20;

function refuseForGoogle(request: ChatRequest): Refusal[] {
  const { response_format: format, reasoning_effort: effort, model } = request;
  const isEarly = /gemini-[12]\./.test(model);
  const wantsJson = format !== undefined && format.type !== 'text';
  return collect([
    [(request.n ?? 1) > googleChoicesMax, 'n', `Gemini gives at most ${googleChoicesMax} choices`],
    [hasBias(request), 'logit_bias', 'Gemini has no logit bias'],
    [hasVerbosity(request), 'verbosity', 'Gemini has no verbosity'],
    [
      (request.top_logprobs ?? 0) > googleLogprobsMax,
      'top_logprobs',
      `Gemini gives at most ${googleLogprobsMax}`,
    ],
    [stops(request).length > googleStopMax, 'stop', `Gemini takes at most ${googleStopMax} stop sequences`],
    [
      isEarly && wantsJson && hasTools(request),
      'response_format',
      'this Gemini model takes tools or JSON, not both',
    ],
    [effort === 'none' && alwaysThinks(model), 'reasoning_effort', 'this Gemini model always thinks'],
  ]);
}

const openaiStopMax = 4;
const openaiToolsMax = 128;

/** OpenAI's own surfaces take no more; Anthropic's does. */
function refuseForOpenai(request: ChatRequest): Refusal[] {
  return collect([
    [stops(request).length > openaiStopMax, 'stop', `OpenAI takes at most ${openaiStopMax} stop sequences`],
    [(request.tools ?? []).length > openaiToolsMax, 'tools', `OpenAI takes at most ${openaiToolsMax} tools`],
    [request.top_k !== undefined, 'top_k', 'OpenAI has no top_k'],
  ]);
}

const nameLengthMax = 64;

/** Anthropic's names may be twice as long as those of functions elsewhere. */
function refuseLongNames({ tools = [] }: ChatRequest): Refusal[] {
  return tools.flatMap(({ function: { name } }, index) =>
    name.length <= nameLengthMax
      ? []
      : [
          {
            param: `tools.${index}.function.name`,
            message: `this provider takes names of at most ${nameLengthMax} characters`,
          },
        ],
  );
}

/** A condition, and the field and words it is refused with. */
type Check = [isRefused: boolean, param: string, message: string];

function collect(checks: Check[]): Refusal[] {
  return checks.filter(([isRefused]) => isRefused).map(([, param, message]) => ({ param, message }));
}

function isSet(penalty: number | undefined): boolean {
  return penalty !== undefined && penalty !== 0;
}

function hasTools({ tools }: ChatRequest): boolean {
  return tools !== undefined && tools.length > 0;
}

function hasBias({ logit_bias: bias }: ChatRequest): boolean {
  return bias !== undefined && Object.keys(bias).length > 0;
}

function hasVerbosity({ verbosity }: ChatRequest): boolean {
  return verbosity !== undefined && verbosity !== 'medium';
}

function stops({ stop }: ChatRequest): string[] {
  return [stop ?? []].flat();
}

/** An effort alone is no request to think. */
function thinks({ reasoning_effort: effort, effort_alone }: ChatRequest): boolean {
  return effort !== undefined && effort !== 'none' && effort_alone !== true;
}
