/** Events an account can be told of by webhook; a delivery carries one. */
export type WebhookEventType = `job.${'succeeded' | 'failed' | 'cancelled' | 'expired'}`;

/** The parts of the job object that a thin event carries; the rest can be asked for. */
const thinFields = [
  'id',
  'object',
  'status',
  'model',
  'usage',
  'charge_usd',
  'error',
  'batch_id',
  'metadata',
] as const;

export type WebhookEvent = {
  eventId: string;
  type: WebhookEventType;
  createdAt: Date;
  /** The job object as the API shows it. */
  job: { [Field in (typeof thinFields)[number]]: unknown };
  payload: 'thin' | 'full';
};

/**
 * The body of a webhook, frozen when it becomes owed: every try and every replay sends these bytes. The shape is the one
 * OpenAI's SDK unwraps, with the job under `data`.
 */
export function webhookEvent(event: WebhookEvent): { body: string } {
  const thin = Object.fromEntries(thinFields.map((field) => [field, event.job[field]]));
  const body = {
    id: event.eventId,
    object: 'event',
    type: event.type,
    created_at: Math.floor(event.createdAt.getTime() / 1000),
    data: event.payload === 'full' ? { ...thin, job: event.job } : thin,
  };
  return { body: JSON.stringify(body) };
}

/** What one try came to. */
export type Posted = {
  statusCode: number | null;
  error: string | null;
  /** The address was refused before any connection was made. */
  blocked: boolean;
  durationMs: number;
  remoteIp: string | null;
  /** From Retry-After, or null. */
  retryAfterMs: number | null;
};

export type DeliveryMove = { kind: 'delivered' } | { kind: 'again'; delayMs: number } | { kind: 'exhausted' };

/** Longest a receiver can put off the next try. */
const retryAfterMsMax = 24 * 60 * 60 * 1000;
/** Up to a fifth earlier or later, so that what failed together does not return together. */
const jitter = 0.2;

/**
 * What a try means for its delivery: any 2xx delivers; 410 says nobody wants it any more; everything else, redirects
 * included, is tried again after the next wait of the schedule, and never before Retry-After. `tries` counts those of this chain, this one included;
 * `random` is in [0, 1).
 */
export function moveDelivery(
  posted: Posted,
  tries: number,
  scheduleSeconds: number[],
  random: number,
): DeliveryMove {
  const { statusCode } = posted;
  if (statusCode !== null && statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
  const waitSeconds = scheduleSeconds[tries - 1];
  if (statusCode === 410 || waitSeconds === undefined) return { kind: 'exhausted' };
  const waitMs = waitSeconds * 1000 * (1 + jitter * (2 * random - 1));
  return {
    kind: 'again',
    delayMs: Math.round(Math.max(waitMs, Math.min(posted.retryAfterMs ?? 0, retryAfterMsMax))),
  };
}
