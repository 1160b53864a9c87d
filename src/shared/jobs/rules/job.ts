import type { Usage } from '../../chat/usage.ts';
import type { NanoUsd } from '../../money/rules/money.ts';
import { formatUsd } from '../../money/rules/money.ts';
import { verbatim } from '../../platform/json/verbatim.ts';
import { estimateStart, type QueuePosition } from '../../queue/rules/queue-position.ts';

/** The stored states. Outside, waiting and ticketed are both `queued`. */
export type JobState = 'waiting' | 'ticketed' | 'running' | FinalState;
export type FinalState = 'succeeded' | 'failed' | 'cancelled' | 'expired';

export const finalStates: readonly FinalState[] = ['succeeded', 'failed', 'cancelled', 'expired'];

/** Lanes go before each other in this order; the index is what is stored. */
export const lanes = ['interactive', 'background', 'batch'] as const;
export type Lane = (typeof lanes)[number];

/** Where a job can be ordered: the native API, or a surface of another one's shape. */
export type Surface = 'jobs' | 'chat' | 'messages' | 'responses' | 'batches';

/** As what the end of a job is told to webhooks. */
export type WebhookObject = 'job' | 'response';

/**
 * Whether a job answers a call whose client reads along: it streams, and announces its end to nobody else.
 */
export function isLiveStream(job: { stream: boolean; announces: WebhookObject | null }): boolean {
  return job.stream && job.announces === null;
}

/** Why a job failed, expired or was cancelled, as the account sees it. */
export type JobError = {
  type:
    | 'provider_rejected'
    | 'provider_auth'
    | 'provider_failed'
    | 'provider_unavailable'
    | 'outcome_unknown'
    | 'expired'
    | 'cancelled';
  message: string;
  provider_status: number | null;
};

/** A job as it stands, without its texts. */
export type JobRecord = {
  id: string;
  accountId: string;
  batchId: string | null;
  surface: Surface;
  state: JobState;
  lane: number;
  /** What was asked for. */
  model: string;
  provider: string;
  /**
   * The model whose answer was charged, as `provider/model`: that of a fallback, it may be; null while
   * nothing is charged.
   */
  answeredModel: string | null;
  attempts: number;
  holdNano: NanoUsd;
  chargeNano: NanoUsd | null;
  estimated: boolean;
  usage: Usage | null;
  metadata: Record<string, string>;
  error: JobError | null;
  stream: boolean;
  eventSeq: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

/** The texts of a job, as stored: JSON. */
export type JobTexts = { request?: string | null; result?: string | null };

/** The status an account sees. */
function publicStatus(state: JobState): 'queued' | Exclude<JobState, 'waiting' | 'ticketed'> {
  return state === 'waiting' || state === 'ticketed' ? 'queued' : state;
}

export function isFinal(state: JobState): state is FinalState {
  return (finalStates as readonly string[]).includes(state);
}

/** The usage of a job on the wire; `estimated` says that part of it is our own count. */
export function toWireUsage(usage: Usage, estimated: boolean) {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    cached_tokens: usage.cachedTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    reasoning_tokens: usage.reasoningTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    ...(estimated ? { estimated: true } : {}),
  };
}

/** How long a queued job is likely to wait; nulls when it runs, has ended, or nothing can be said. */
function toPlace(place: QueuePosition | undefined) {
  if (place === undefined) return { queue_position: null, estimated_start_at: null };
  return {
    queue_position: place.ahead + 1,
    estimated_start_at: estimateStart(place, new Date())?.toISOString() ?? null,
  };
}

/**
 * The job object of the native API, with its texts when they are given, and its place in the queue when it
 * has one.
 */
export function toJobObject(job: JobRecord, texts: JobTexts = {}, place?: QueuePosition) {
  return {
    id: job.id,
    object: 'job',
    status: publicStatus(job.state),
    model: job.model,
    provider: job.provider,
    answered_model: job.answeredModel,
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
    priority: lanes[job.lane] ?? 'background',
    stream: job.stream,
    attempts: job.attempts,
    hold_usd: formatUsd(job.holdNano),
    charge_usd: job.chargeNano === null ? null : formatUsd(job.chargeNano),
    usage: job.usage === null ? null : toWireUsage(job.usage, job.estimated),
    ...(texts.request == null ? {} : { request: verbatim(texts.request) }),
    result: texts.result == null ? null : verbatim(texts.result),
    error: job.error,
    batch_id: job.batchId,
    metadata: job.metadata,
    ...toPlace(place),
    links: {
      self: `/v1/jobs/${job.id}`,
      events: `/v1/jobs/${job.id}/events`,
      cancel: `/v1/jobs/${job.id}/cancel`,
    },
  };
}
