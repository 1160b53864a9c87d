/** Things that failed for a reason of their own and are left alone for a while. */
export type RetryDelays = {
  /** Those that are not to be tried now. */
  ids(): string[];
  /** Leaves one alone: for a minute, and twice as long each time it fails again, up to an hour. */
  rest(id: string): void;
};

const restMsMin = 60_000;
const restMsMax = 3_600_000;
/** Remembered at most; whatever is forgotten is only tried sooner. */
const idsMax = 10_000;

/** Keeps what can never be done from being tried without pause, and from taking the place of what can. */
export function createRetryDelays(now: () => number = Date.now): RetryDelays {
  const known = new Map<string, { untilMs: number; forMs: number }>();
  return {
    ids: () => {
      const at = now();
      for (const [id, { untilMs, forMs }] of known) if (untilMs + forMs < at) known.delete(id);
      return [...known].flatMap(([id, { untilMs }]) => (untilMs > at ? [id] : []));
    },
    rest: (id) => {
      const forMs = Math.min(restMsMax, 2 * (known.get(id)?.forMs ?? restMsMin / 2));
      known.delete(id);
      known.set(id, { untilMs: now() + forMs, forMs });
      const [oldest] = known.keys();
      if (known.size > idsMax && oldest !== undefined) known.delete(oldest);
    },
  };
}
