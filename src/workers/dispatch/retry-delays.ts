/** What failed for a reason of its own and is not tried again for a while. */
export type RetryDelays = {
  /** Those that are not to be tried now. */
  ids(): string[];
  /** Delays one: for a minute, and twice as long each time it fails again, up to an hour. */
  delay(id: string): void;
};

const delayMsMin = 60_000;
const delayMsMax = 3_600_000;
/** At most so many are remembered; one that is evicted is only tried sooner. */
const idsMax = 10_000;

/** Keeps what can never be done from being tried without pause, and from delaying what can. */
export function createRetryDelays(now: () => number = Date.now): RetryDelays {
  const known = new Map<string, { untilMs: number; forMs: number }>();
  return {
    ids: () => {
      const at = now();
      for (const [id, { untilMs, forMs }] of known) if (untilMs + forMs < at) known.delete(id);
      return [...known].flatMap(([id, { untilMs }]) => (untilMs > at ? [id] : []));
    },
    delay: (id) => {
      const forMs = Math.min(delayMsMax, 2 * (known.get(id)?.forMs ?? delayMsMin / 2));
      known.delete(id);
      known.set(id, { untilMs: now() + forMs, forMs });
      const [oldest] = known.keys();
      if (known.size > idsMax && oldest !== undefined) known.delete(oldest);
    },
  };
}
