/** Every refusal the API can give, with its HTTP status and whether the same request may be sent again. */
export const refusals = {
  invalid_json: { status: 400, retry: null },
  authentication_error: { status: 401, retry: false },
  insufficient_funds: { status: 402, retry: false },
  permission_denied: { status: 403, retry: false },
  not_found: { status: 404, retry: null },
  method_not_allowed: { status: 405, retry: false },
  idempotency_conflict: { status: 409, retry: false },
  invalid_state: { status: 409, retry: false },
  too_large: { status: 413, retry: null },
  unsupported_media_type: { status: 415, retry: null },
  validation_error: { status: 422, retry: false },
  rate_limited: { status: 429, retry: true },
  internal_error: { status: 500, retry: null },
  provider_rejected: { status: 400, retry: false },
  provider_auth: { status: 502, retry: false },
  provider_failed: { status: 502, retry: false },
  outcome_unknown: { status: 502, retry: false },
  provider_unavailable: { status: 503, retry: true },
  unavailable: { status: 503, retry: true },
  expired: { status: 504, retry: false },
} as const satisfies Record<string, { status: number; retry: boolean | null }>;

export type RefusalType = keyof typeof refusals;

/**
 * One thing wrong with a request: the path of the field as the caller wrote it, and a sentence with the fix.
 */
export type Problem = {
  param: string;
  message: string;
  /** What kind of problem it is, for APIs that have a word for it; left out when a value does not fit. */
  kind?: 'unknown' | 'missing' | 'unsupported' | 'model' | 'too_long';
  /** What a client's own API puts beside such a refusal. */
  details?: Record<string, unknown>;
  /** Of a prompt that is too long. */
  tokens?: { prompt: number; maximum: number };
};

export type RefusalExtras = {
  /** Another status than its type has. */
  status?: number;
  /** The code that a provider gave its refusal, in its own word. */
  code?: string;
  /** Path of the first offending field. */
  param?: string;
  /** The problems of a validation error: the first ones, when there are very many. */
  problems?: Problem[];
  /** Whether the same request may be sent again, where that is another than for its type. */
  retry?: boolean;
  /** How many problems there are, when not all are listed. */
  problemsTotal?: number;
  /** When to try again; sent as Retry-After and retry-after-ms. */
  retryAfterMs?: number;
  /** Extra fields of the flat body, e.g. `required` and `available` of a 402. */
  fields?: Record<string, string>;
  /** Headers that go with it, e.g. `allow` of a 405. */
  headers?: Record<string, string>;
};

/** A refusal on its way to the client. Its message is public; `cause` is for the log only. */
export class Refusal extends Error {
  readonly type: RefusalType;
  readonly extras: RefusalExtras;
  constructor(type: RefusalType, message: string, extras: RefusalExtras = {}, cause?: unknown) {
    super(message, { cause });
    this.type = type;
    this.extras = extras;
  }
}

/** The HTTP status of a refusal. */
export function statusOf({ type, extras }: Refusal): number {
  return extras.status ?? refusals[type].status;
}

/** Someone else's object and a missing one are the same to the caller. */
export function notFound(what: string): Refusal {
  return new Refusal('not_found', `No such ${what}`);
}

/** An Idempotency-Key that was used with another request. */
export function keyConflict(): Refusal {
  return new Refusal(
    'idempotency_conflict',
    'This Idempotency-Key was used with another request; use a new key for a new request',
  );
}

/** An Idempotency-Key whose first request is still at work. */
export function keyInUse(): Refusal {
  return new Refusal(
    'idempotency_conflict',
    'The first request with this Idempotency-Key is still at work; ask again later',
    { retryAfterMs: 5000 },
  );
}

/**
 * So many problems help whoever has to mend them; a million of wrong items would make an answer of hundreds
 * of megabytes.
 */
const problemsReportedMax = 100;

/**
 * A 422 from a list of problems; the first one gives the message and the param. Tells at most a hundred, and
 * how many there are: `total`, when the list is itself only the first of them.
 */
export function invalid(problems: Problem[], total: number = problems.length): Refusal {
  const first = problems[0] ?? { param: '', message: 'the request is not valid' };
  const text = first.param === '' ? first.message : `${first.param}: ${first.message}`;
  const listed = problems.slice(0, problemsReportedMax);
  if (listed.length === total) {
    return new Refusal('validation_error', text, { param: first.param, problems: listed });
  }
  const message = `${text} (and ${total - 1} more problems, of which ${listed.length - 1} are listed)`;
  return new Refusal('validation_error', message, {
    param: first.param,
    problems: listed,
    problemsTotal: total,
  });
}
