const minuteMs = 60_000;
const keysMax = 100_000;

/** What each may spend in a minute, of something whose cost is known only afterwards. */
export type Budget = {
  /** 0 when there is something left, else after how long there is again. */
  waitMs(key: string, perMinute: number): number;
  /** Takes what was spent, also more than was left: that is paid back before anything else is let through. */
  spend(key: string, perMinute: number, amount: number): void;
};

/** A bucket of `perMinute` for each key that refills evenly, counted in this process. */
export function createBudget(now: () => number = () => performance.now()): Budget {
  // For each key the moment at which its bucket is full again.
  const fullAt = new Map<string, number>();

  function sweep(at: number): void {
    if (fullAt.size < keysMax) return;
    for (const [key, when] of fullAt) if (when <= at) fullAt.delete(key);
    if (fullAt.size >= keysMax) fullAt.clear();
  }

  return {
    waitMs: (key) => Math.max(0, (fullAt.get(key) ?? 0) - now() - minuteMs),
    spend: (key, perMinute, amount) => {
      const at = now();
      sweep(at);
      fullAt.set(key, Math.max(fullAt.get(key) ?? 0, at) + (amount / perMinute) * minuteMs);
    },
  };
}
