/** After a call had to queue, others are taken to be in line for this long. */
const lineMs = 2000;

/** The slots of this process for calls that do not queue: so many for each provider. */
export type ExpressSlots = {
  /** False when all are taken: the call queues. */
  take(provider: string): boolean;
  free(provider: string): void;
  /** A call of this provider queues: whoever is in line has a slot that comes free soon after. */
  linedUp(provider: string): void;
  /** Resolves when none is taken. */
  whenNone(): Promise<void>;
};

/** `ranOn` is called when a slot comes free for which somebody is in line. */
export function createExpressSlots(max: number, ranOn: (provider: string) => void): ExpressSlots {
  const taken = new Map<string, number>();
  const linedUpAtMs = new Map<string, number>();
  let waiters: (() => void)[] = [];
  const isNone = () => [...taken.values()].every((calls) => calls === 0);
  const linedUp = (provider: string) => linedUpAtMs.set(provider, Date.now());
  return {
    take: (provider) => {
      const calls = taken.get(provider) ?? 0;
      if (calls >= max) linedUp(provider);
      else taken.set(provider, calls + 1);
      return calls < max;
    },
    free: (provider) => {
      taken.set(provider, (taken.get(provider) ?? 1) - 1);
      if (Date.now() - (linedUpAtMs.get(provider) ?? 0) < lineMs) ranOn(provider);
      if (waiters.length === 0 || !isNone()) return;
      for (const wake of waiters) wake();
      waiters = [];
    },
    linedUp,
    whenNone: () => (isNone() ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  };
}
