import type { Usage } from '../../chat/usage.ts';
import { formatUsd } from '../../money/rules/money.ts';
import { readJson } from '../../platform/json/read-json.ts';
import { verbatim } from '../../platform/json/verbatim.ts';
import { estimateStart, type QueuePosition } from '../../queue/rules/queue-position.ts';
import { type JobState, lanes } from './job.ts';
import type { JobRecord } from './job-row.ts';

/** The texts of a job, as stored: JSON. */
export type JobTexts = { request?: string | null; result?: string | null };

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

/** The status an account sees. */
function publicStatus(state: JobState): 'queued' | Exclude<JobState, 'waiting' | 'ticketed'> {
  return state === 'waiting' || state === 'ticketed' ? 'queued' : state;
}

/** A text without what went through in another dialect: it says the same once more. */
function shown(text: string): unknown {
  if (!text.includes('"pass_through":')) return verbatim(text);
  const { pass_through: _, ...own } = readJson(text) as Record<string, unknown>;
  return own;
}

/** How long a queued job is likely to wait; nulls when it runs, has ended, or nothing can be said. */
function toQueuePosition(position: QueuePosition | undefined) {
  if (position === undefined) return { queue_position: null, estimated_start_at: null };
  return {
    queue_position: position.ahead + 1,
    estimated_start_at: estimateStart(position, new Date())?.toISOString() ?? null,
  };
}

/**
 * The job object of the native API, with its texts when they are given, and its place in the queue when it
 * has one.
 */
export function toJobObject(job: JobRecord, texts: JobTexts = {}, position?: QueuePosition) {
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
    ...(texts.request == null ? {} : { request: shown(texts.request) }),
    result: texts.result == null ? null : shown(texts.result),
    error: job.error,
    batch_id: job.batchId,
    metadata: job.metadata,
    ...toQueuePosition(position),
    links: {
      self: `/v1/jobs/${job.id}`,
      events: `/v1/jobs/${job.id}/events`,
      cancel: `/v1/jobs/${job.id}/cancel`,
    },
  };
}
