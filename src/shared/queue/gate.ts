import type { RedisConnection } from '../platform/redis/redis.ts';
import { redisKey } from '../platform/redis/redis.ts';
import { createGateGroups, type GateAnswer, type GateLimits } from './gate-groups.ts';
import { keepSlotsScript } from './gate-script.ts';

/**
 * What asks to pass: a call to a model, the tokens it may take and the slot it would hold. `rank`: lower goes
 * first.
 */
export type GatePass = { provider: string; model: string; tokens: number; slot: string; rank: number };

/** Admitted, or how long to wait and for what. */
export type Admission =
  | { admitted: true }
  | { admitted: false; waitMs: number; reason: 'blocked' | 'breaker' | 'limit' };

/**
 * What a call says about the provider. `neutral` says nothing of its health: a bad request or a cancel is the
 * caller's, and never trips the breaker.
 */
export type GateReport =
  | { kind: 'ok'; tokensUsed: number }
  | { kind: 'failure' }
  | { kind: 'neutral' }
  /** There was no call. */
  | { kind: 'unused' }
  | { kind: 'throttled'; retryAfterMs: number };

/**
 * What the provider's headers said of its own limits. `usedUpMs`: for how long nothing is left of one, else
 * 0.
 */
export type ReportedLimits = { requestsLeft: number | null; tokensLeft: number | null; usedUpMs: number };

export type GateStatus = {
  breaker: 'closed' | 'open' | 'half_open';
  blockedUntil: Date | null;
  requestsLeft: number | null;
  tokensLeft: number | null;
};

/**
 * The gate of one provider and model: whether a call may be made now. One script on one hash, shared by every
 * process:
 * - requests and tokens left in the minute (refilled evenly; a request larger than the bucket passes when it
 *   is full and leaves a debt, so it is never stuck),
 * - slots, when the provider has a maximum concurrency (each with an end, so a killed worker's slot comes
 *   free),
 * - who is next, when a limit makes calls wait: of those that were refused, the one with the best rank goes
 *   before all others. Else whoever happened to ask again first would pass, and the fair order of the tickets
 *   would be lost,
 * - `blocked_until` from Retry-After: a shorter value never shortens a longer one. When it is over, only one
 *   call every 250 ms passes until one is answered or 2 s are over: a provider that still throttles refuses a
 *   few calls, not all that waited,
 * - the same block when the provider's headers say that nothing is left of one of its limits; what is left is
 *   shown for a minute,
 * - the breaker: closed; open after 5 failures in a row, for 5 s doubling to 30 s; half-open lets 2 probes
 *   through. Lost with Redis, everything starts full and closed, and the first 429 teaches it again. Time is
 *   Redis's own.
 */
export type Gate = {
  admit(pass: GatePass): Promise<Admission>;
  /**
   * Gives the slot back and reports what was learned. Never throws: a report that is lost is learned again.
   * One that stops nobody and gives no slot back may take a few milliseconds to leave.
   */
  report(pass: GatePass, report: GateReport, reported?: ReportedLimits | null): Promise<void>;
  /** Keeps the slots of running calls for another `slotMs`; a slot nobody keeps comes free by itself. */
  keepSlots(provider: string, slots: string[]): Promise<void>;
  status(provider: string, model: string): Promise<GateStatus>;
};

/**
 * `limitsOf` gives the configured limits of a provider. `slotMs` is how long a slot may be held without a
 * report.
 */
export function createGate(deps: {
  redis: RedisConnection;
  prefix: string;
  slotMs: number;
  limitsOf(provider: string): GateLimits;
}): Gate {
  const ask = createGateGroups(deps);

  function admit({ provider, model, tokens, slot, rank }: GatePass): Promise<GateAnswer> {
    const args = ['admit', tokens, slot, rank, ...nothingLearned];
    return ask(provider, model, { args, rank: rank ?? Number.POSITIVE_INFINITY, urgent: true });
  }

  function report(pass: GatePass, learned: GateReport, reported: ReportedLimits | null) {
    const { provider, model, tokens, slot } = pass;
    const usedUpMs = reported?.usedUpMs ?? 0;
    const about = [learned.kind, amountIn(learned), usedUpMs];
    const left = [reported?.requestsLeft ?? -1, reported?.tokensLeft ?? -1];
    const stops = learned.kind === 'failure' || learned.kind === 'throttled' || usedUpMs > 0;
    const urgent = stops || deps.limitsOf(provider).maxConcurrency !== null;
    return ask(provider, model, { args: ['report', tokens, slot, 0, ...about, ...left], rank: 0, urgent });
  }

  return {
    admit: async (pass) => {
      const [admitted, waitMs, reason] = await admit(pass);
      if (admitted === 1) return { admitted: true };
      return { admitted: false, waitMs, reason: reason as 'blocked' | 'breaker' | 'limit' };
    },
    report: async (pass, learned, reported = null) => {
      await report(pass, learned, reported).catch(() => undefined);
    },
    keepSlots: async (provider, slots) => {
      if (slots.length === 0 || deps.limitsOf(provider).maxConcurrency === null) return;
      const key = redisKey(deps.prefix, 'slots', provider);
      await keepSlotsScript(deps.redis, [key], [deps.slotMs, ...slots]).catch(() => undefined);
    },
    status: async (provider, model) => {
      const args = ['status', 0, '', 0, ...nothingLearned];
      const answer = await ask(provider, model, { args, rank: 0, urgent: true });
      const [breaker, blockedUntilMs, requestsLeft, tokensLeft, nowMs] = answer.map(Number);
      return {
        breaker: (['closed', 'open', 'half_open'] as const)[breaker ?? 0] ?? 'closed',
        blockedUntil: Number(blockedUntilMs) > Number(nowMs) ? new Date(Number(blockedUntilMs)) : null,
        requestsLeft: requestsLeft === -1 ? null : (requestsLeft ?? null),
        tokensLeft: tokensLeft === -1 ? null : (tokensLeft ?? null),
      };
    },
  };
}

/** The arguments of a report, where there is none. */
const nothingLearned = ['', 0, 0, -1, -1];

function amountIn(learned: GateReport): number {
  if (learned.kind === 'ok') return learned.tokensUsed;
  return learned.kind === 'throttled' ? learned.retryAfterMs : 0;
}

/** The configured limits by provider name; a provider nobody configured has none. */
export function limitsFrom(providers: ({ name: string } & GateLimits)[]): (provider: string) => GateLimits {
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const none: GateLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null };
  return (name) => byName.get(name) ?? none;
}
