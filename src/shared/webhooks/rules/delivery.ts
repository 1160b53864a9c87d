import { writeJson } from '../../platform/json/verbatim.ts';

/** The part of a job object that a webhook has. */
type WebhookJob = {
  id: string;
  status: string;
  model: string;
  usage: unknown;
  charge_usd: string | null;
  error: unknown;
  batch_id: string | null;
  metadata: Record<string, string>;
};

export type WebhookEventFacts = {
  /** Also the `webhook-id`, on every try and every replay. */
  eventId: string;
  type: `job.${string}` | `response.${string}`;
  createdAt: Date;
  /** The whole job object; a thin event takes its few fields from it. */
  job: WebhookJob;
  /** Of a response: its own id and status, in place of its job's. */
  response?: { id: string; status: string };
  payload: 'thin' | 'full';
};

/** The bytes of a webhook, made once and sent unchanged ever after (the envelope is OpenAI's). */
export function webhookEvent({
  eventId,
  type,
  createdAt,
  job,
  response,
  payload,
}: WebhookEventFacts): string {
  const data = {
    id: response?.id ?? job.id,
    object: response === undefined ? 'job' : 'response',
    status: response?.status ?? job.status,
    model: job.model,
    usage: job.usage,
    charge_usd: job.charge_usd,
    error: job.error,
    batch_id: job.batch_id,
    metadata: job.metadata,
    ...(payload === 'full' ? { job } : {}),
  };
  const created_at = Math.floor(createdAt.getTime() / 1000);
  return writeJson({ id: eventId, object: 'event', type, created_at, data });
}

/** What one POST came to. `blocked`: the address is not one we contact. */
type PostOutcome = 'delivered' | 'failed' | 'blocked';

export type PostResult = {
  outcome: PostOutcome;
  statusCode: number | null;
  /** A word such as `timeout`, `ssrf_blocked` or the system's code; null when a status was received. */
  error: string | null;
  /** What the receiver asked for, in ms from now. */
  retryAfterMs: number | null;
  durationMs: number;
  remoteIp: string | null;
};

/** Delivered, tried again after `delayMs`, or given up. */
export type DeliveryDecision = { kind: 'delivered' | 'exhausted' } | { kind: 'again'; delayMs: number };

/** A receiver may put us off for this long at most. */
const retryAfterMsMax = 24 * 60 * 60 * 1000;
/** Delays vary by this share both ways, so that what failed together does not come back together. */
const jitter = 0.2;

/**
 * What follows a POST. `tries` counts this one; `retrySeconds` are the waits after the first, second, …
 * failure, and after the last the delivery is exhausted. Never before Retry-After. 410 says that nobody wants
 * it any more.
 */
export function decideDelivery(
  result: Pick<PostResult, 'outcome' | 'statusCode' | 'retryAfterMs'>,
  chain: { tries: number; retrySeconds: number[] },
  random: number,
): DeliveryDecision {
  if (result.outcome === 'delivered') return { kind: 'delivered' };
  const waitSeconds = chain.retrySeconds[chain.tries - 1];
  if (result.statusCode === 410 || waitSeconds === undefined) return { kind: 'exhausted' };
  const delayMs = waitSeconds * 1000 * (1 - jitter + 2 * jitter * random);
  const askedMs = Math.min(result.retryAfterMs ?? 0, retryAfterMsMax);
  return { kind: 'again', delayMs: Math.round(Math.max(delayMs, askedMs)) };
}

/** Reads Retry-After: seconds, or an HTTP date (RFC 9110, 10.2.3). Milliseconds from `now`, or null. */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** When an endpoint that fails is left alone, and when it is given up. */
export type EndpointThresholds = {
  /** So many failures in a row, and it is only probed. */
  failuresMax: number;
  /** The wait before the first probe; each probe that fails doubles it, up to the greatest. */
  probeSeconds: number;
  probeSecondsMax: number;
  /** Nothing but failure for so long, and at least so often, and it is disabled. */
  disableSeconds: number;
  disableFailures: number;
};

const daySeconds = 24 * 3600;
const probeSecondsDefault = 30;
const probeSecondsMaxDefault = 600;

/**
 * A receiver that is down is not asked a hundred thousand times; one that is down for days is not asked any
 * more. A schedule that begins sooner than the default probes sooner too, in whole seconds, so that a short
 * one does not wait for minutes of the breaker.
 */
export function endpointThresholds(retrySeconds: number[]): EndpointThresholds {
  const first = retrySeconds[0] ?? Number.POSITIVE_INFINITY;
  const atMost = (seconds: number, times: number) => Math.max(1, Math.min(seconds, Math.ceil(first * times)));
  return {
    failuresMax: 5,
    probeSeconds: atMost(probeSecondsDefault, 6),
    probeSecondsMax: atMost(probeSecondsMaxDefault, 120),
    disableSeconds: 5 * daySeconds,
    disableFailures: 10,
  };
}
