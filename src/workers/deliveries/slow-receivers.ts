/** A receiver that was slow counts as slow for this long; being slow again costs others little. */
const slowForMs = 10 * 60_000;

/** The receivers that were slow last, and how the slots for slow work are shared out among them. */
export type SlowReceivers = {
  has(name: string): boolean;
  /** The receiver was slow just now. */
  add(name: string): void;
  /** The receiver has answered quickly. */
  remove(name: string): void;
  /**
   * Shares out `slots` among the slow receivers and marks all their other slots as taken. Each call begins
   * with another receiver, since not all of them need their share.
   */
  shareOut(taken: Map<string, number>, slots: number, perReceiver: number): void;
};

/** `nowMs` is a clock that never goes back. */
export function createSlowReceivers(nowMs: () => number = () => performance.now()): SlowReceivers {
  /** Since when each is slow, the oldest first. */
  const slowSince = new Map<string, number>();
  let first = 0;

  return {
    has: (name) => slowSince.has(name),
    remove: (name) => void slowSince.delete(name),
    add: (name) => {
      const now = nowMs();
      slowSince.delete(name);
      slowSince.set(name, now);
      for (const [other, since] of slowSince) {
        if (now - since < slowForMs) break;
        slowSince.delete(other);
      }
    },
    shareOut: (taken, slots, perReceiver) => {
      let left = slots;
      const share = Math.max(1, Math.floor(left / Math.max(1, slowSince.size)));
      const names = [...slowSince.keys()];
      first = names.length === 0 ? 0 : (first + 1) % names.length;
      for (const name of [...names.slice(first), ...names.slice(0, first)]) {
        const room = Math.min(share, left, perReceiver - (taken.get(name) ?? 0));
        taken.set(name, perReceiver - Math.max(0, room));
        left -= Math.max(0, room);
      }
    },
  };
}
