import type { Catalogue } from '../../shared/catalogue/catalogue.ts';
import { refuseUnsupported } from '../../shared/catalogue/refuse-unsupported.ts';
import type { ChatRequest } from '../../shared/domain/chat.ts';
import { invalid, type Problem, Refusal } from '../../shared/domain/errors.ts';
import { newId } from '../../shared/domain/ids.ts';
import {
  type Announced,
  type JobRecord,
  type Lane,
  lanes,
  type Surface,
  toJobObject,
} from '../../shared/domain/job.ts';
import type { ModelEntry } from '../../shared/domain/model.ts';
import { formatUsd } from '../../shared/domain/money.ts';
import { type Quote, quote } from '../../shared/domain/quote.ts';
import { failpoint } from '../../shared/failpoints.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { News } from '../../shared/news.ts';
import type { JobIntake } from '../../shared/sql/accept-jobs.ts';
import { storeTargets } from '../../shared/stored-targets.ts';
import { checkWebhookUrl } from '../../shared/webhook-target.ts';
import { keyConflict } from '../http/idempotent.ts';

/** A job as a caller orders it, validated in shape; money and models are judged here. */
export type JobOrder = {
  surface: Surface;
  request: ChatRequest;
  /** What the client sent, on a surface that shows it again. */
  original: string | null;
  lane: Lane;
  stream: boolean;
  runAt: Date | null;
  expiresInSeconds: number;
  fallbacks: string[];
  maxAttempts: number;
  /** Whether webhooks tell its end: for jobs that were ordered as jobs, not for what only answers a call. */
  announces: Announced | null;
  webhookUrl: string | null;
  webhookPayload: 'thin' | 'full';
  metadata: Record<string, string>;
};

/** Who orders, and under which idempotency key if any. */
export type Orderer = {
  accountId: string;
  defaultMaxOutputTokens: number | null;
  idempotency: { key: string; fingerprint: string } | null;
};

export type IntakeDeps = {
  catalogue: Catalogue;
  /** The providers that can be called, and whether each is the simulator. */
  providers: ReadonlyMap<string, { simulated: boolean }>;
  ledger: Pick<Ledger, 'openHold'>;
  news: Pick<News, 'send'>;
  webhooks: { allowPrivate: boolean };
};

/** What the caller is answered: the bytes that an idempotent repeat will get again. */
export type Accepted = { jobId: string; location: string; status: number; reply: string; replayed: boolean };

/** A queue that is full is worth another try after this long. */
const deepRetryMs = 5000;

/**
 * Prices a job, reserves its bound and stores it, durably and in one statement. Throws a Refusal, and then nothing is
 * stored. Does not depend on Redis: the hint to the dispatcher may be lost.
 */
export async function acceptJob(
  deps: IntakeDeps,
  order: JobOrder,
  orderer: Orderer,
  jobId: string = newId('job'),
): Promise<Accepted> {
  const priced = quoteJob(deps, order, orderer.defaultMaxOutputTokens);
  const intake = toIntake(jobId, order, orderer, priced);
  await failpoint('intake.quoted');
  const verdict = await deps.ledger.openHold(intake);
  await failpoint('intake.committed');
  switch (verdict.kind) {
    case 'accepted':
      deps.news.send('backlog', intake.provider);
      return {
        jobId: intake.jobId,
        location: `/v1/jobs/${intake.jobId}`,
        status: 202,
        reply: intake.reply,
        replayed: false,
      };
    case 'replayed': {
      const location = verdict.location ?? '';
      const jobId = location.slice(location.lastIndexOf('/') + 1);
      return { jobId, location, status: verdict.status, reply: verdict.reply, replayed: true };
    }
    case 'insufficient':
      throw insufficientFunds(priced.holdNanoUsd, verdict.availableNano);
    case 'conflict':
      throw keyConflict();
    case 'deep':
      throw new Refusal(
        'rate_limited',
        'The account has as many unfinished jobs as it may; wait for some to end',
        {
          retryAfterMs: deepRetryMs,
        },
      );
    case 'unknown':
      throw new Refusal('permission_denied', 'The account of this credential does not exist');
  }
}

/** The 402 with its numbers. */
function insufficientFunds(requiredNano: bigint, availableNano: bigint): Refusal {
  const required = formatUsd(requiredNano);
  const available = formatUsd(availableNano);
  return new Refusal(
    'insufficient_funds',
    `Insufficient funds: this job needs ${required} USD, ${available} USD is available`,
    { fields: { required, available } },
  );
}

/** Finds the models, refuses what they cannot do, and bounds the cost. Takes nothing; throws a 422 with every problem. */
export function quoteJob(
  deps: Pick<IntakeDeps, 'catalogue' | 'providers' | 'webhooks'>,
  order: JobOrder,
  defaultMaxOutputTokens: number | null,
): Quote {
  const problems: Problem[] = [];
  const names = [{ name: order.request.model, param: 'request.model' }].concat(
    order.fallbacks.map((name, index) => ({ name, param: `fallbacks.${index}` })),
  );
  const targets = names.flatMap(({ name, param }) => {
    const found = findModel(deps, name, param);
    if ('message' in found) problems.push(found);
    return 'message' in found ? [] : [found];
  });
  problems.push(...refuseMixedTargets(deps, targets));
  for (const [index, target] of targets.entries()) {
    const where = index === 0 ? '' : ` (the fallback ${target.id} cannot do it)`;
    const refused = refuseUnsupported(order.request, target.kind, target.supports);
    problems.push(
      ...refused.map(({ param, message }) => ({ param: `request.${param}`, message: message + where })),
    );
  }
  if (order.webhookUrl !== null) {
    const problem = checkWebhookUrl(order.webhookUrl, deps.webhooks);
    if (problem !== null) problems.push({ param: 'webhook_url', message: problem.message });
  }
  if (problems.length > 0) throw invalid(problems);
  const quoted = quote({
    request: order.request,
    targets,
    ...(defaultMaxOutputTokens === null ? {} : { defaultMaxOutputTokens }),
  });
  if (!quoted.ok) {
    throw invalid(quoted.problems.map(({ param, message }) => ({ param: `request.${param}`, message })));
  }
  return quoted.quote;
}

function findModel(
  deps: Pick<IntakeDeps, 'catalogue' | 'providers'>,
  name: string,
  param: string,
): ModelEntry | Problem {
  const model = deps.catalogue.find(name);
  if (model === null) {
    return { param, message: `unknown model ${JSON.stringify(name)}; GET /v1/models lists the known ones` };
  }
  if (!deps.providers.has(model.provider)) {
    return {
      param,
      message: `the provider of ${model.id} is not configured here; GET /v1/models lists what is`,
    };
  }
  return model;
}

/** Simulated answers never stand in for real ones: a fallback may not go from a real provider to the simulator. */
function refuseMixedTargets(deps: Pick<IntakeDeps, 'providers'>, targets: ModelEntry[]): Problem[] {
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

function toIntake(jobId: string, order: JobOrder, orderer: Orderer, priced: Quote): JobIntake {
  const [first] = priced.targets;
  if (first === undefined) throw new Error('a quote has at least one target');
  const createdAt = new Date();
  const lane = lanes.indexOf(order.lane);
  const record: JobRecord = {
    id: jobId,
    accountId: orderer.accountId,
    batchId: null,
    surface: order.surface,
    state: 'waiting',
    lane,
    model: first.model,
    provider: first.provider,
    attempts: 0,
    holdNano: priced.holdNanoUsd,
    chargeNano: null,
    estimated: false,
    usage: null,
    metadata: order.metadata,
    error: null,
    stream: order.stream,
    eventSeq: 1,
    createdAt,
    startedAt: null,
    finishedAt: null,
  };
  return {
    jobId,
    accountId: orderer.accountId,
    idempotencyKey: orderer.idempotency?.key ?? null,
    fingerprint: orderer.idempotency?.fingerprint ?? null,
    reply: JSON.stringify(toJobObject(record)),
    surface: order.surface,
    lane,
    model: first.model,
    provider: first.provider,
    targetModel: first.model,
    maxAttempts: order.maxAttempts,
    holdId: newId('hold'),
    holdNano: priced.holdNanoUsd,
    inputTokensBound: priced.inputTokens,
    tokensBound: priced.inputTokens + priced.n * first.maxOutputTokens,
    stream: order.stream,
    announces: order.announces,
    webhookUrl: order.webhookUrl,
    webhookPayload: order.webhookPayload,
    metadata: order.metadata,
    runAt: order.runAt,
    createdAt,
    expiresInSeconds: order.expiresInSeconds,
    request: JSON.stringify(order.request),
    original: order.original,
    targets: storeTargets(priced.targets),
  };
}
