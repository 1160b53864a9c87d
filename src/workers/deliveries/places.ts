/** How many pieces of work may be under way in this process. */
export type PlaceLimits = {
  /** For one receiver. */
  perReceiver: number;
  /** Of those that are quick so far. */
  quickMax: number;
  /** For receivers that are known to be slow, all of them together. */
  slowMax: number;
  /** Whatever they are. */
  totalMax: number;
  /** Work that takes longer than this is slow. */
  slowMs: number;
};

/** Work under way in this process, for receivers of whom some never answer. */
export type Places = {
  /** How many more may be taken in now. */
  free(): number;
  /**
   * How many of the places of each receiver are not to be had now: those it holds, and for a slow one what is kept from it so that
   * the slow ones stay within their limit together.
   */
  taken(): Map<string, number>;
  /** Runs the work in a place of its own; `onFree` is called when there may be room again. */
  run(receiver: string, work: () => Promise<void>): void;
  /** Resolves when the work that is under way now has ended. */
  ended(): Promise<unknown>;
};

/** A receiver that was slow is forgotten after this long; being slow again costs others little. */
const rememberMs = 10 * 60_000;

/**
 * Places for work that must not reject. Work that turns out slow leaves its place to others and goes on; its receiver is slow from
 * then on, until it is quick once. However many receivers never answer, each holds up the others for `slowMs`, once.
 */
export function createPlaces(limits: PlaceLimits, onFree: () => void): Places {
  const { perReceiver, quickMax, slowMax, totalMax, slowMs } = limits;
  const underWay = new Set<Promise<void>>();
  const held = new Map<string, number>();
  /** Slow receivers, and since when. */
  const slowSince = new Map<string, number>();
  let slow = 0;
  let turn = 0;

  function noteSlow(receiver: string): void {
    const now = performance.now();
    slowSince.delete(receiver);
    slowSince.set(receiver, now);
    // In the order in which they were noted, so the oldest come first.
    for (const [other, since] of slowSince) {
      if (now - since < rememberMs) break;
      slowSince.delete(other);
    }
  }

  function leave(receiver: string): void {
    const left = (held.get(receiver) ?? 1) - 1;
    if (left === 0) held.delete(receiver);
    else held.set(receiver, left);
  }

  /** What is left for slow receivers is dealt out to them, each time beginning with another: not all of them need it. */
  function keepFromSlow(taken: Map<string, number>): void {
    let left = Math.max(0, slowMax - slow);
    const share = Math.max(1, Math.floor(left / Math.max(1, slowSince.size)));
    const names = [...slowSince.keys()];
    turn = names.length === 0 ? 0 : (turn + 1) % names.length;
    for (const receiver of [...names.slice(turn), ...names.slice(0, turn)]) {
      const room = Math.min(share, left, perReceiver - (taken.get(receiver) ?? 0));
      taken.set(receiver, perReceiver - Math.max(0, room));
      left -= Math.max(0, room);
    }
  }

  return {
    free: () => Math.min(quickMax - (underWay.size - slow), totalMax - underWay.size),
    taken: () => {
      const taken = new Map(held);
      keepFromSlow(taken);
      return taken;
    },
    run: (receiver, work) => {
      held.set(receiver, (held.get(receiver) ?? 0) + 1);
      let isSlow = slowSince.has(receiver);
      if (isSlow) slow += 1;
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        noteSlow(receiver);
        if (isSlow) return;
        isSlow = true;
        slow += 1;
        onFree();
      }, slowMs);
      const done = work().finally(() => {
        clearTimeout(timer);
        if (!isLate) slowSince.delete(receiver);
        if (isSlow) slow -= 1;
        underWay.delete(done);
        leave(receiver);
        onFree();
      });
      underWay.add(done);
    },
    ended: () => Promise.allSettled(underWay),
  };
}
