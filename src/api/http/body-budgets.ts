import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { createBudget } from './budget.ts';

/** Of one account and process in a minute; 0 is no limit. */
export type BodyBudgetSettings = { bytesPerMinute: number; cpuMsPerMinute: number };

export type BodyBudgets = {
  /** Throws a 429 when the account has spent what it may. */
  refuseSpent(request: FastifyRequest): void;
  spendBytes(request: FastifyRequest, bytes: number): void;
  spendCpu(request: FastifyRequest, tookMs: number): void;
};

/**
 * Holds every account to so many bytes and so much reading of them: few requests may be as much work as very
 * many.
 */
export function createBodyBudgets(settings: BodyBudgetSettings): BodyBudgets {
  const bytes = { budget: createBudget(), perMinute: settings.bytesPerMinute };
  const cpu = { budget: createBudget(), perMinute: settings.cpuMsPerMinute };

  function spend({ budget, perMinute }: typeof bytes, { caller }: FastifyRequest, amount: number): void {
    if (perMinute > 0 && caller.accountId !== null) budget.spend(caller.accountId, perMinute, amount);
  }

  function waitOf({ budget, perMinute }: typeof bytes, { caller }: FastifyRequest): number {
    return perMinute === 0 || caller.accountId === null ? 0 : budget.waitMs(caller.accountId, perMinute);
  }

  return {
    refuseSpent: (request) => {
      const [bytesWaitMs, cpuWaitMs] = [waitOf(bytes, request), waitOf(cpu, request)];
      const retryAfterMs = Math.max(bytesWaitMs, cpuWaitMs);
      if (retryAfterMs === 0) return;
      const limit =
        bytesWaitMs > 0
          ? `${settings.bytesPerMinute} bytes of bodies a minute`
          : `bodies that take ${settings.cpuMsPerMinute} ms a minute to read`;
      throw new Refusal('rate_limited', `This account may send ${limit}; slow down`, { retryAfterMs });
    },
    spendBytes: (request, amount) => spend(bytes, request, amount),
    spendCpu: (request, tookMs) => spend(cpu, request, tookMs),
  };
}
