/** Work under way in this process, counted by receiver. */
export type Places = {
  free(): number;
  busy: ReadonlyMap<string, number>;
  /** Runs the work in a place of its own; `onFree` is called when the place is free again. */
  run(receiver: string, work: () => Promise<void>): void;
  /** Resolves when the work that is under way now has ended. */
  ended(): Promise<unknown>;
};

/** A bounded number of places. `work` must not reject. */
export function createPlaces(total: number, onFree: () => void): Places {
  const underWay = new Set<Promise<void>>();
  const busy = new Map<string, number>();

  function leave(receiver: string): void {
    const left = (busy.get(receiver) ?? 1) - 1;
    if (left === 0) busy.delete(receiver);
    else busy.set(receiver, left);
  }

  return {
    free: () => total - underWay.size,
    busy,
    run: (receiver, work) => {
      busy.set(receiver, (busy.get(receiver) ?? 0) + 1);
      const done = work().finally(() => {
        underWay.delete(done);
        leave(receiver);
        onFree();
      });
      underWay.add(done);
    },
    ended: () => Promise.allSettled(underWay),
  };
}
