/** Work under way in this process, counted by host. */
export type Places = {
  free(): number;
  busy: ReadonlyMap<string, number>;
  /** Runs the work in a place of its own; `onFree` is called when the place is free again. */
  run(host: string, work: () => Promise<void>): void;
  /** Resolves when the work that is under way now has ended. */
  ended(): Promise<unknown>;
};

/** A bounded number of places. `work` must not reject. */
export function createPlaces(total: number, onFree: () => void): Places {
  const underWay = new Set<Promise<void>>();
  const busy = new Map<string, number>();

  function leave(host: string): void {
    const left = (busy.get(host) ?? 1) - 1;
    if (left === 0) busy.delete(host);
    else busy.set(host, left);
  }

  return {
    free: () => total - underWay.size,
    busy,
    run: (host, work) => {
      busy.set(host, (busy.get(host) ?? 0) + 1);
      const done = work().finally(() => {
        underWay.delete(done);
        leave(host);
        onFree();
      });
      underWay.add(done);
    },
    ended: () => Promise.allSettled(underWay),
  };
}
