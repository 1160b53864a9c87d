import type { ModelEntry, OpenaiApi, Prices, Rates, TokenizerFamily } from '../catalogue/model.ts';
import type { ChatRequest } from '../chat/chat.ts';
import type { Problem } from '../errors.ts';
import type { NanoUsd } from '../money/rules/money.ts';
import { costOf } from '../money/rules/price.ts';
import { measureRequest } from './request-measure.ts';
import { boundMeasured, type InputBound } from './token-bound.ts';

/**
 * What one model may do for a job, fixed at intake: the bound it must send upstream and the prices it is
 * charged at.
 */
export type QuoteTarget = {
  /** `provider/model`. */
  model: string;
  provider: string;
  upstreamModel: string;
  /** The API of OpenAI that it is asked through; chat completions when left out. */
  api?: OpenaiApi;
  /** For each choice. */
  maxOutputTokens: number;
  priceVersion: string;
  prices: Prices;
  /** Counts its output when the provider does not say. */
  tokenizer: TokenizerFamily;
  /** Our count of the prompt: what is charged for input that the provider did not report. */
  likelyInputTokens?: number;
  /**
   * Whether it may think before it answers: tokens that are billed and that nobody sees before the end of the
   * call.
   */
  reasons?: boolean;
  /** The model cannot reason: nothing of the kind is asked of it, not even to leave it. */
  neverReasons?: true;
  /**
   * The request asks for a cache that lasts an hour: cache writes count as such where usage does not tell
   * them apart.
   */
  asksHourCache?: boolean;
};

/** What a job can cost at most. Token figures are those of the target that needs most. */
export type Quote = {
  holdNanoUsd: NanoUsd;
  inputTokens: number;
  /** For each of the `n` choices. */
  maxOutputTokens: number;
  n: number;
  /** The model first, then its fallbacks in order. */
  targets: QuoteTarget[];
};

export type QuoteResult = { ok: true; quote: Quote } | { ok: false; problems: Problem[] };

export type QuoteInput = {
  request: ChatRequest;
  /** The model, then its fallbacks; at least one. */
  targets: ModelEntry[];
  /** The account's own default, instead of the models'. */
  defaultMaxOutputTokens?: number;
};

/**
 * A prompt is refused when even three quarters of our count do not fit: our count may be a third too high.
 */
const certainShare = 0.75;
/** Long-context prices are held from 10 % below their threshold. */
const nearThreshold = 0.9;
/** What is left for output when the prompt nearly fills the context and the request names no maximum. */
const outputLeast = 256;

/**
 * The Responses API refuses a smaller `max_output_tokens`: "integer below minimum value. Expected a value >=
 * 16". A request for less is held at, and may be answered with, as much as this.
 */
const responsesLeast = 16;

const highest = (...prices: bigint[]) => prices.reduce((most, price) => (price > most ? price : most), 0n);

const dearestInput = (rates: Rates, asksHourCache: boolean) =>
  highest(rates.input, rates.cachedInput, rates.cacheWrite, asksHourCache ? rates.cacheWriteHour : 0n);

/**
 * Never less than `priceUsage` for any usage within the bounds:
 * `⌈(dearest input rate × input + output rate × n × maximum output) / 1,000,000⌉`, in nano-USD.
 */
function holdFor(prices: Prices, inputTokens: number, outputTokens: number, asksHourCache: boolean): NanoUsd {
  const long = prices.longContext;
  const isLong = long !== undefined && inputTokens >= long.aboveInputTokens * nearThreshold;
  const standard = dearestInput(prices, asksHourCache);
  const input = isLong ? highest(standard, dearestInput(long, asksHourCache)) : standard;
  const output = isLong ? highest(prices.output, long.output) : prices.output;
  return costOf(input * BigInt(inputTokens) + output * BigInt(outputTokens));
}

/**
 * The output bound: the caller's, else the account's or the model's default, shrunk to what the context has
 * left.
 */
function outputBound(
  asked: number | undefined,
  accountDefault: number | undefined,
  model: ModelEntry,
  bound: InputBound,
): number {
  if (asked !== undefined) return model.api === 'responses' ? Math.max(asked, responsesLeast) : asked;
  const preferred = Math.min(accountDefault ?? model.defaultMaxOutputTokens, model.maxOutputTokens);
  const left = model.contextWindow - bound.likelyTextTokens;
  return Math.min(preferred, Math.max(outputLeast, left));
}

function targetProblems(
  model: ModelEntry,
  bound: InputBound,
  maximum: { param: string; asked: number | undefined },
): Problem[] {
  const problems: Problem[] = [];
  if (bound.likelyTextTokens * certainShare > model.maxInputTokens) {
    const tokens = { prompt: bound.likelyTextTokens, maximum: model.maxInputTokens };
    // OpenAI's own sentence, and its code: clients know a prompt that is too long by the one or the other,
    // and some read them in the text only (LiteLLM, Pydantic AI; LangChain with OpenAI's SDK 3).
    const message =
      `this model's maximum context length is ${tokens.maximum} tokens. However, your messages resulted in ` +
      `${tokens.prompt} tokens. Please reduce the length of the messages: ${model.id} reads no more ` +
      '(context_length_exceeded)';
    problems.push({ param: 'messages', message, kind: 'too_long', tokens });
  }
  if (maximum.asked !== undefined && maximum.asked > model.maxOutputTokens) {
    const message = `${maximum.asked} is more than ${model.id} can write: at most ${model.maxOutputTokens}`;
    problems.push({ param: maximum.param, message });
  }
  return problems;
}

function requestProblems(request: ChatRequest): Problem[] {
  const { max_tokens, max_completion_tokens } = request;
  const problems: Problem[] = [];
  if (
    max_tokens !== undefined &&
    max_completion_tokens !== undefined &&
    max_tokens !== max_completion_tokens
  ) {
    const message = `max_tokens (${max_tokens}) and max_completion_tokens (${max_completion_tokens}) differ; give one`;
    problems.push({ param: 'max_completion_tokens', message });
  }
  return problems;
}

/**
 * A model that reasons does so unless it is told not to; one that the catalogue does not know for it, when it
 * is asked to.
 */
function mayReason({ supports }: ModelEntry, request: ChatRequest): boolean {
  const { reasoning_effort: effort, effort_alone, thinking_adaptive } = request;
  const isLeftToModel = effort === undefined || effort_alone === true || thinking_adaptive === true;
  return isLeftToModel ? supports.reasoning : effort !== 'none';
}

/**
 * Prices a request before it runs: the most it can cost over its model and fallbacks, and what is fixed for
 * each of them. Pure; takes nothing. Answers every problem it finds instead of the quote when the request
 * cannot be bounded or cannot fit.
 */
export function quote({ request, targets, defaultMaxOutputTokens }: QuoteInput): QuoteResult {
  const measure = measureRequest(request);
  const problems = requestProblems(request);
  const n = request.n ?? 1;
  const asked = request.max_completion_tokens ?? request.max_tokens;
  const param = request.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens';
  const total: Quote = { holdNanoUsd: 0n, inputTokens: 0, maxOutputTokens: 0, n, targets: [] };
  for (const model of targets) {
    const bound = boundMeasured(measure, model);
    problems.push(...targetProblems(model, bound, { param, asked }));
    const maxOutputTokens = outputBound(asked, defaultMaxOutputTokens, model, bound);
    const { id, provider, upstreamModel, prices, priceVersion, tokenizer, api } = model;
    const asksHourCache = measure.hourCache;
    const holdNanoUsd = holdFor(prices, bound.tokens, n * maxOutputTokens, asksHourCache);
    total.holdNanoUsd = highest(total.holdNanoUsd, holdNanoUsd);
    total.inputTokens = Math.max(total.inputTokens, bound.tokens);
    total.maxOutputTokens = Math.max(total.maxOutputTokens, maxOutputTokens);
    total.targets.push({
      model: id,
      provider,
      upstreamModel,
      ...(api !== undefined && { api }),
      maxOutputTokens,
      priceVersion,
      prices,
      tokenizer,
      likelyInputTokens: bound.likelyTokens,
      reasons: mayReason(model, request),
      ...(!model.supports.reasoning && { neverReasons: true as const }),
      asksHourCache,
    });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, quote: total };
}
