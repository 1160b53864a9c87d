import { Refusal } from '../../errors.ts';

/** One thing that an account may have or do only so much of. */
export type Quota = {
  /** As in `GET /v1/limits`, in the `quota` of a refusal and in the `limits` of an account. */
  name: string;
  /** The environment variable with the default of the installation. */
  variable: string;
  /** The default of that. */
  byDefault: number;
  unit: 'bytes' | 'count';
  /** Whether it is counted over all processes, or in each of them. */
  scope: 'account' | 'process';
  /**
   * `later`: some of it becomes free by itself, and the same request may be sent again; `never`: only when
   * something is removed.
   */
  retry: 'later' | 'never';
  status: 413 | 429;
  /** What there is too much of, and what to do about it. */
  what: string;
  remedy: string;
};

/**
 * Every quota of an account: a new one is a row here. The operator sets it for one account with `limits` in
 * `PATCH /v1/admin/accounts/{id}`, but for `unfinished_jobs`, which is `max_queue_depth` there.
 */
export const quotas = [
  {
    name: 'stored_bytes',
    variable: 'STORED_BYTES_LIMIT',
    byDefault: 10_000_000_000,
    unit: 'bytes',
    scope: 'account',
    retry: 'never',
    status: 413,
    what: 'bytes in stored files and batches',
    remedy: 'delete files or message batches that are not needed',
  },
  {
    name: 'files',
    variable: 'FILES_LIMIT',
    byDefault: 1000,
    unit: 'count',
    scope: 'account',
    retry: 'never',
    status: 429,
    what: 'files',
    remedy: 'delete files that are not needed',
  },
  {
    name: 'open_batches',
    variable: 'OPEN_BATCHES_LIMIT',
    byDefault: 20,
    unit: 'count',
    scope: 'account',
    retry: 'later',
    status: 429,
    what: 'batches that have not ended',
    remedy: 'wait for one to end, or cancel one',
  },
  {
    name: 'unfinished_jobs',
    variable: 'QUEUE_DEPTH_LIMIT',
    byDefault: 100_000,
    unit: 'count',
    scope: 'account',
    retry: 'later',
    status: 429,
    what: 'unfinished jobs',
    remedy: 'wait for some to end',
  },
  {
    name: 'event_streams',
    variable: 'EVENT_STREAMS_LIMIT',
    byDefault: 200,
    unit: 'count',
    scope: 'process',
    retry: 'later',
    status: 429,
    what: 'event streams that are open',
    remedy: 'close some; GET /v1/events?jobs= follows many jobs on one stream',
  },
  {
    name: 'waits',
    variable: 'WAITS_LIMIT',
    byDefault: 200,
    unit: 'count',
    scope: 'process',
    retry: 'later',
    status: 429,
    what: 'reads with ?wait= that are under way',
    remedy: 'wait for fewer jobs at a time; GET /v1/events?jobs= or a webhook tells the end of many',
  },
  {
    name: 'bodies',
    variable: 'BODIES_LIMIT',
    byDefault: 8,
    unit: 'count',
    scope: 'process',
    retry: 'later',
    status: 429,
    what: 'bodies over 64 KiB that are on their way',
    remedy: 'send fewer at a time',
  },
  {
    name: 'keys',
    variable: 'KEYS_LIMIT',
    byDefault: 100,
    unit: 'count',
    scope: 'account',
    retry: 'never',
    status: 429,
    what: 'keys that work',
    remedy: 'delete one that is not needed',
  },
  {
    name: 'webhook_endpoints',
    variable: 'WEBHOOK_ENDPOINTS_LIMIT',
    byDefault: 100,
    unit: 'count',
    scope: 'account',
    retry: 'never',
    status: 429,
    what: 'webhook endpoints',
    remedy: 'delete one that is not needed',
  },
  {
    name: 'idempotency_keys',
    variable: 'IDEMPOTENCY_KEYS_LIMIT',
    byDefault: 100_000,
    unit: 'count',
    scope: 'account',
    retry: 'never',
    status: 429,
    what: 'idempotency keys that are remembered',
    remedy: 'they are forgotten after two days; send the request without one, or later',
  },
] as const satisfies Quota[];

/** The largest limit that can be set; numbers are integers in the database. */
export const quotaMax = { bytes: 1_000_000_000_000_000, count: 1_000_000_000 } as const;

export type QuotaName = (typeof quotas)[number]['name'];

/** How much an account may have of everything. */
export type Limits = Record<QuotaName, number>;

/** What the operator has set for one account; the rest is the installation's default. */
export type OwnLimits = Partial<Limits>;

/** When it is worth asking again for what becomes free by itself. */
const retryAfterMs = 5000;

/** The refusal of what would pass a quota: it names the quota, the limit and the way out. */
export function overQuota(name: QuotaName, limit: number): Refusal {
  const quota: Quota = quotas.find((one) => one.name === name) ?? quotas[0];
  const message = `${name}: an account may have ${limit} ${quota.what}; ${quota.remedy}`;
  return new Refusal(quota.status === 413 ? 'too_large' : 'rate_limited', message, {
    fields: { quota: name, limit: String(limit) },
    ...(quota.retry === 'later' ? { retryAfterMs } : { retry: false }),
  });
}

/** The limits of an account: its own where it has them, else the installation's. */
export function limitsOf(defaults: Limits, own: { limits: OwnLimits; maxQueueDepth: number | null }): Limits {
  const { limits, maxQueueDepth } = own;
  return {
    ...defaults,
    ...limits,
    ...(maxQueueDepth === null ? {} : { unfinished_jobs: maxQueueDepth }),
  };
}

/**
 * The defaults of an installation, of the values of its variables; a variable that is not set has the default
 * of its own.
 */
export function defaultLimits(settingOf: (variable: string) => number | undefined): Limits {
  const entries = quotas.map(({ name, variable, byDefault }) => [name, settingOf(variable) ?? byDefault]);
  return Object.fromEntries(entries) as Limits;
}
