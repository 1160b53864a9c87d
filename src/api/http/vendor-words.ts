import type { FastifyRequest } from 'fastify';
import { type Problem, type Refusal, type RefusalType, statusOf } from '../../shared/errors.ts';
import { elsewhereAt } from './elsewhere-paths.ts';

/** Whose API a path is: its clients know that API's statuses, codes and sentences. */
export type Api = 'native' | 'openai' | 'anthropic' | 'google';

const openaiPaths = /^\/v1\/(?:chat\/completions|responses|models|files|batches)(?:\/|$)/;
const anthropicPaths = /^\/v1\/messages(?:\/|$)/;
/** Paths that both have: who sends Anthropic's header, or asks for its beta, means Anthropic's. */
const sharedPaths = /^\/v1\/(?:models|files)(?:\/|$)/;

/** What of a request says which API it means; `is404` is that no route of ours takes it. */
export type Addressed = Pick<FastifyRequest, 'url' | 'headers'> & { is404?: boolean };

/** The API that a request means, by its path and headers. */
export function apiOf({ url, headers, is404 = false }: Addressed): Api {
  const [path = '', query = ''] = url.split('?');
  if (anthropicPaths.test(path)) return 'anthropic';
  const elsewhere = is404 ? (elsewhereAt(path)?.api ?? null) : null;
  if (elsewhere !== null && elsewhere !== 'shared') return elsewhere;
  if (elsewhere === null && !sharedPaths.test(path)) return openaiPaths.test(path) ? 'openai' : 'native';
  const asksBeta = new URLSearchParams(query).get('beta') === 'true';
  return asksBeta || headers['anthropic-version'] !== undefined ? 'anthropic' : 'openai';
}

const firstProblem = ({ extras }: Refusal): Problem | undefined => extras.problems?.[0];

/**
 * The status of a refusal in an API. What does not fit is 422 on native paths and 400 at OpenAI and
 * Anthropic; a model that there is not is 404 there, but for OpenAI's Responses, where it is 400.
 */
export function statusIn(api: Api, refusal: Refusal, url: string): number {
  const status = statusOf(refusal);
  if (api === 'native' || status !== 422) return status;
  const isModel = firstProblem(refusal)?.kind === 'model';
  return isModel && !url.startsWith('/v1/responses') ? 404 : 400;
}

/** OpenAI's codes (its guide to error codes, and what its API answers) for kinds of problems. */
const problemCodes: Record<NonNullable<Problem['kind']>, string> = {
  unknown: 'unknown_parameter',
  missing: 'missing_required_parameter',
  unsupported: 'unsupported_parameter',
  model: 'model_not_found',
  too_long: 'context_length_exceeded',
};

const openaiWords: Partial<Record<RefusalType, { type: string; code: string }>> = {
  invalid_json: { type: 'invalid_request_error', code: 'invalid_json' },
  authentication_error: { type: 'invalid_request_error', code: 'invalid_api_key' },
  rate_limited: { type: 'requests', code: 'rate_limit_exceeded' },
  not_found: { type: 'invalid_request_error', code: 'not_found' },
};

/** `error.type` and `error.code` of a refusal in an API. */
export function codesIn(api: Api, refusal: Refusal): { type: string; code: string } {
  const { type } = refusal;
  if (api === 'native') return { type, code: type };
  if (refusal.extras.code !== undefined) {
    return { type: 'invalid_request_error', code: refusal.extras.code };
  }
  if (type !== 'validation_error') return openaiWords[type] ?? { type, code: type };
  const kind = firstProblem(refusal)?.kind;
  return {
    type: 'invalid_request_error',
    code: kind === undefined ? 'invalid_value' : problemCodes[kind],
  };
}

/**
 * The sentence of a refusal as Anthropic's API has it: its clients take features back when they read the
 * first (Claude Code), and shorten their history when they read the second.
 */
export function anthropicSentence(refusal: Refusal): string {
  const problem = firstProblem(refusal);
  if (problem?.kind === 'unknown') return `${problem.param}: Extra inputs are not permitted`;
  if (problem?.kind === 'missing') return `${problem.param}: Field required`;
  if (problem?.kind === 'too_long' && problem.tokens !== undefined) {
    const { prompt, maximum } = problem.tokens;
    return `prompt is too long: ${prompt} tokens > ${maximum} maximum`;
  }
  // A provider of another kind has its own words for it.
  if (refusal.extras.code === 'context_length_exceeded') return `prompt is too long: ${refusal.message}`;
  return refusal.message;
}
