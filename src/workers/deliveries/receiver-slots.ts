import { createSlowReceivers } from './slow-receivers.ts';

/** How many pieces of work may be under way in this process. */
export type ReceiverSlotLimits = {
  /** For one receiver. */
  perReceiver: number;
  /** That are quick so far, for all receivers together. */
  quickMax: number;
  /** For receivers that are known to be slow, all of them together. */
  slowMax: number;
  /** Quick, slow and detached together. */
  totalMax: number;
  /** Work that takes longer than this is slow. */
  slowMs: number;
  /**
   * So many quick answers of a receiver pay for detaching one piece of its slow work, which frees that slot
   * for it again.
   */
  quickPerDetached: number;
  /** Detached for one receiver, beside its slots. */
  detachedPerReceiver: number;
  /** Detached for all of them together. */
  detachedMax: number;
};

/** Work under way in this process, for receivers of whom some never answer. */
export type ReceiverSlots = {
  /** How many more pieces of work may be taken in now. */
  free(): number;
  /**
   * How many slots of each receiver may not be used now: those it holds and, for a slow one, those kept from
   * it so that all slow ones together stay within their limit.
   */
  taken(): Map<string, number>;
  /** Runs the work in a slot of its own; `onFree` is called when there may be room again. */
  run(receiver: string, work: () => Promise<void>): void;
  /** Resolves when the work that is under way now has ended. */
  ended(): Promise<unknown>;
};

type Receiver = {
  /** Slots it holds. */
  held: number;
  /** Of these, held by work that has turned out slow. */
  late: number;
  /** Slow work that holds no slot any more. */
  detached: number;
  /** Quick answers that have not yet paid for detached work. */
  credit: number;
};

/**
 * Slots for work that must not reject: a bulkhead around each receiver, so that one that never answers cannot
 * use up what the others need.
 *
 *                      within slowMs                        the end
 *     run ──▶ QUICK ─────────────────────────────────────────────▶  slot free, credit + 1
 *               │     counts towards quickMax
 *               │
 *               │ slowMs passed: the receiver is slow from now on, until it answers quickly once
 *               ▼
 *             LATE ──────────────────────────────────────────────▶  slot free
 *               │     counts towards slowMax: other receivers may use its part of quickMax,
 *               │     its own receiver may not use its slot
 *               │
 *               │ its receiver has credit of quickPerDetached, and fewer detached than its maximum
 *               ▼
 *          DETACHED ─────────────────────────────────────────────▶  one fewer detached
 *                     counts towards totalMax alone: its own receiver may use the slot as well
 *
 * Work that turns out slow goes on. However many receivers never answer, each delays the others for `slowMs`,
 * once. For its own receiver the slot stays taken, so that a receiver in trouble is not flooded. Only where
 * most answers are quick are the few pieces of work that hang detached: else they would hold all slots of
 * their receiver in the end.
 */
export function createReceiverSlots(limits: ReceiverSlotLimits, onFree: () => void): ReceiverSlots {
  const { perReceiver, quickMax, slowMax, totalMax, slowMs, quickPerDetached } = limits;
  /**
   * A receiver that falls silent all at once has paid for using each of its slots once more, however many
   * answers were quick.
   */
  const creditMax = quickPerDetached * perReceiver;
  const underWay = new Set<Promise<void>>();
  const receivers = new Map<string, Receiver>();
  const slowReceivers = createSlowReceivers();
  let slow = 0;
  let detached = 0;

  function enter(name: string): Receiver {
    const receiver = receivers.get(name) ?? { held: 0, late: 0, detached: 0, credit: 0 };
    receivers.set(name, receiver);
    receiver.held += 1;
    return receiver;
  }

  function mayDetach(receiver: Receiver): boolean {
    if (receiver.late === 0 || receiver.credit < quickPerDetached) return false;
    return receiver.detached < limits.detachedPerReceiver && detached < limits.detachedMax;
  }

  function detachLate(name: string, receiver: Receiver): void {
    while (mayDetach(receiver)) {
      receiver.credit -= quickPerDetached;
      receiver.late -= 1;
      receiver.held -= 1;
      receiver.detached += 1;
      slow -= 1;
      detached += 1;
      if (receiver.late === 0) slowReceivers.remove(name);
    }
  }

  function leave(name: string, receiver: Receiver, work: { isLate: boolean; isSlow: boolean }): void {
    if (!work.isLate) receiver.credit = Math.min(creditMax, receiver.credit + 1);
    // Slow ones are all alike: whichever ends, a slot that is held is given back first.
    if (work.isLate && receiver.late === 0) {
      receiver.detached -= 1;
      detached -= 1;
    } else {
      receiver.held -= 1;
      if (work.isLate) receiver.late -= 1;
      if (work.isSlow) slow -= 1;
    }
    detachLate(name, receiver);
    if (receiver.held + receiver.detached === 0) receivers.delete(name);
  }

  return {
    free: () => Math.min(quickMax - (underWay.size - slow - detached), totalMax - underWay.size),
    taken: () => {
      const taken = new Map([...receivers].map(([name, { held }]) => [name, held]));
      slowReceivers.shareOut(taken, Math.max(0, slowMax - slow), perReceiver);
      return taken;
    },
    run: (name, work) => {
      const receiver = enter(name);
      const state = { isLate: false, isSlow: slowReceivers.has(name) };
      if (state.isSlow) slow += 1;
      const timer = setTimeout(() => {
        if (!state.isSlow) slow += 1;
        state.isLate = true;
        state.isSlow = true;
        receiver.late += 1;
        slowReceivers.add(name);
        detachLate(name, receiver);
        onFree();
      }, slowMs);
      const done = work().finally(() => {
        clearTimeout(timer);
        if (!state.isLate) slowReceivers.remove(name);
        underWay.delete(done);
        leave(name, receiver, state);
        onFree();
      });
      underWay.add(done);
    },
    ended: () => Promise.allSettled(underWay),
  };
}
