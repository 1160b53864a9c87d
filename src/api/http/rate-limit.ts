import ipaddr from 'ipaddr.js';
import { RecentMap } from '../../shared/platform/recent-map.ts';

const minuteMs = 60_000;
const keysMax = 100_000;

/** How a request stands against a limit. Times are from now. */
export type Allowance = {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Until the whole limit is there again. */
  resetMs: number;
  /** Until one more request fits; 0 when it already does. */
  retryAfterMs: number;
};

export type RateLimit = {
  /** Counts one request of `key` against `perMinute` and says whether it fits. */
  take(key: string, perMinute: number): Allowance;
  /** The same without counting. */
  peek(key: string, perMinute: number): Allowance;
};

/**
 * Requests per minute and key, counted in this process: a bucket of `perMinute` that refills evenly. N
 * processes let N times as much through; in exchange nothing outside the process can stop a request from
 * being counted.
 */
export function createRateLimit(now: () => number = () => performance.now()): RateLimit {
  // For each key the moment at which its bucket is full again.
  const fullAt = new RecentMap<string, number>(keysMax);
  let sweptAt = now();

  function sweep(at: number): void {
    if (at - sweptAt < minuteMs) return;
    sweptAt = at;
    for (const [key, when] of fullAt) if (when <= at) fullAt.delete(key);
  }

  function validator(key: string, perMinute: number, count: boolean): Allowance {
    const at = now();
    const each = minuteMs / perMinute;
    const before = Math.max(fullAt.get(key) ?? 0, at);
    const after = before + each;
    const excess = after - at - minuteMs;
    const allowed = excess < 0.001;
    if (allowed && count) {
      sweep(at);
      fullAt.set(key, after);
    }
    const used = (allowed && count ? after : before) - at;
    return {
      allowed,
      limit: perMinute,
      remaining: Math.max(0, Math.floor((minuteMs - used) / each + 0.001)),
      resetMs: used,
      retryAfterMs: allowed ? 0 : excess,
    };
  }

  return {
    take: (key, perMinute) => validator(key, perMinute, true),
    peek: (key, perMinute) => validator(key, perMinute, false),
  };
}

/**
 * The headers that show a client where it stands: the IETF draft's two fields, its older three, and OpenAI's.
 */
export function rateLimitHeaders(allowance: Allowance): Record<string, string> {
  const { limit, remaining } = allowance;
  // Less a microsecond, which sums of such times may be wrong by.
  const resetSeconds = Math.ceil((allowance.resetMs - 0.001) / 1000);
  return {
    'ratelimit-policy': `"requests";q=${limit};w=60`,
    ratelimit: `"requests";r=${remaining};t=${resetSeconds}`,
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
    'x-ratelimit-limit-requests': String(limit),
    'x-ratelimit-remaining-requests': String(remaining),
    'x-ratelimit-reset-requests': `${resetSeconds}s`,
  };
}

/** What a caller without an account is counted by: its address, or the /64 it comes from. */
export function addressKey(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  return address.kind() === 'ipv4' ? ip : address.toNormalizedString().split(':').slice(0, 4).join(':');
}
