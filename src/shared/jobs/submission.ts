import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ModelEntry } from '../catalogue/model.ts';
import { refusePassed, refuseUnsupported } from '../catalogue/refuse-unsupported.ts';
import { speaks } from '../catalogue/speaks.ts';
import type { ChatRequest, PassThrough } from '../chat/chat.ts';
import { invalid, type Problem } from '../errors.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import { type Quote, quote } from '../quoting/quote.ts';
import { checkWebhookUrl } from '../webhooks/webhook-target.ts';
import type { Lane } from './rules/job.ts';
import type { NewJob } from './rules/job-row.ts';

/** A request that was priced: what is stored of it, as JSON, and what it may cost. */
export type PricedRequest = {
  text: string;
  /** What the client sent, on a surface that shows it again. */
  original: string | null;
  /** It goes to its provider, and the answer comes back, in the client's own dialect. */
  passes: boolean;
  quote: Quote;
};

/** A job as a caller submits it. */
export type JobSubmission = Pick<
  NewJob,
  | 'surface'
  | 'stream'
  | 'runAt'
  | 'expiresInSeconds'
  | 'maxAttempts'
  | 'announces'
  | 'webhookUrl'
  | 'webhookPayload'
  | 'metadata'
> & { priced: PricedRequest; lane: Lane; fallbacks: string[] };

/** Who submits, and under which idempotency key if any. */
export type Submitter = {
  accountId: string;
  idempotency: { key: string; fingerprint: string } | null;
};

export type QuoteDeps = {
  catalogue: Catalogue;
  /** The providers that can be called, and whether each is the simulator. */
  providers: ReadonlyMap<string, { simulated: boolean }>;
  webhooks: { allowPrivate: boolean };
};

/** What of a submission its price depends on; what is left out is as for a call. */
export type SubmittedRequest = {
  request: ChatRequest;
  /** What the client sent, for providers that speak its dialect. */
  passThrough?: PassThrough | undefined;
  original?: string | null;
} & Partial<Pick<JobSubmission, 'fallbacks' | 'webhookUrl'>>;

/**
 * Prices a request and keeps what is stored of it. One whose targets all speak the client's dialect keeps
 * what the client sent, and what that holds is left to its provider to refuse. Takes nothing; throws a 422
 * with every problem.
 */
export function priceRequest(
  deps: QuoteDeps,
  { request, passThrough, original = null, fallbacks = [], webhookUrl = null }: SubmittedRequest,
  defaultMaxOutputTokens: number | null,
): PricedRequest {
  const submission = { request, passThrough, fallbacks, webhookUrl };
  const { quote, passes } = quoteJob(deps, submission, defaultMaxOutputTokens);
  const stored = passes ? { ...request, pass_through: passThrough } : request;
  return { text: writeJson(stored), original, passes, quote };
}

/**
 * Finds the models, refuses what they cannot do, and bounds the cost. Takes nothing; throws a 422 with every
 * problem.
 */
function quoteJob(
  deps: QuoteDeps,
  submission: { request: ChatRequest; passThrough: PassThrough | undefined } & Pick<
    JobSubmission,
    'fallbacks' | 'webhookUrl'
  >,
  defaultMaxOutputTokens: number | null,
): { quote: Quote; passes: boolean } {
  const problems: Problem[] = [];
  const names = [{ name: submission.request.model, param: 'request.model' }].concat(
    submission.fallbacks.map((name, index) => ({ name, param: `fallbacks.${index}` })),
  );
  const targets = names.flatMap(({ name, param }) => {
    const found = findModel(deps, name, param);
    if ('message' in found) problems.push(found);
    return 'message' in found ? [] : [found];
  });
  problems.push(...refuseMixedTargets(deps, targets));
  const { passThrough } = submission;
  const passes = passThrough !== undefined && targets.every((model) => speaks(model, passThrough));
  for (const [index, target] of targets.entries()) {
    const where = index === 0 ? '' : ` (the fallback ${target.id} cannot do it)`;
    const request = { ...submission.request, model: target.id };
    // What a compatible server cannot do only its operator knows.
    const isLeftToIt = passes && target.kind !== 'compatible';
    const refused = isLeftToIt
      ? refusePassed(request, passThrough)
      : refuseUnsupported(request, target.kind, target.supports, target.api);
    problems.push(
      ...refused.map(({ param, message }) => ({
        param: `request.${param}`,
        message: message + where,
        kind: 'unsupported' as const,
      })),
    );
  }
  if (submission.webhookUrl !== null) {
    const problem = checkWebhookUrl(submission.webhookUrl, deps.webhooks);
    if (problem !== null) problems.push({ param: 'webhook_url', message: problem.message });
  }
  if (problems.length > 0) throw invalid(problems);
  const quoted = quote({
    request: passes ? { ...submission.request, pass_through: passThrough } : submission.request,
    targets,
    ...(defaultMaxOutputTokens === null ? {} : { defaultMaxOutputTokens }),
  });
  if (!quoted.ok) {
    throw invalid(quoted.problems.map((problem) => ({ ...problem, param: `request.${problem.param}` })));
  }
  return { quote: quoted.quote, passes };
}

function findModel(
  deps: Pick<QuoteDeps, 'catalogue' | 'providers'>,
  name: string,
  param: string,
): ModelEntry | Problem {
  const model = deps.catalogue.find(name);
  if (model === null) {
    const message = `unknown model ${JSON.stringify(name)}; GET /v1/models lists the known ones`;
    return { param, message, kind: 'model' };
  }
  if (!deps.providers.has(model.provider)) {
    const message = `the provider of ${model.id} is not configured here; GET /v1/models lists what is`;
    return { param, message, kind: 'model' };
  }
  return model;
}

/**
 * Simulated answers never stand in for real ones: a fallback may not go from a real provider to the
 * simulator.
 */
function refuseMixedTargets(deps: Pick<QuoteDeps, 'providers'>, targets: ModelEntry[]): Problem[] {
  const isSimulated = (model: ModelEntry | undefined) =>
    deps.providers.get(model?.provider ?? '')?.simulated === true;
  if (targets.length === 0 || isSimulated(targets[0])) return [];
  return targets.flatMap((model, index) =>
    isSimulated(model)
      ? [
          {
            param: `fallbacks.${index - 1}`,
            message: `${model.id} is simulated here and cannot stand in for a real model`,
          },
        ]
      : [],
  );
}
