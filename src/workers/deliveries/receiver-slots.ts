/** How many pieces of work may be under way in this process. */
export type ReceiverSlotLimits = {
  /** For one receiver. */
  perReceiver: number;
  /** That are quick so far, for all receivers together. */
  quickMax: number;
  /** For receivers that are known to be slow, all of them together. */
  slowMax: number;
  /** Quick, slow and set aside together. */
  totalMax: number;
  /** Work that takes longer than this is slow. */
  slowMs: number;
  /**
   * So many quick answers of a receiver pay for setting one piece of its slow work aside, which frees that
   * place for it again.
   */
  quickPerAside: number;
  /** Set aside for one receiver, beside its places. */
  asidePerReceiver: number;
  /** Set aside for all of them together. */
  asideMax: number;
};

/** Work under way in this process, for receivers of whom some never answer. */
export type ReceiverSlots = {
  /** How many more may be taken in now. */
  free(): number;
  /**
   * How many places of each receiver may not be used now: those it holds and, for a slow one, those kept from
   * it so that all slow ones together stay within their limit.
   */
  taken(): Map<string, number>;
  /** Runs the work in a place of its own; `onFree` is called when there may be room again. */
  run(receiver: string, work: () => Promise<void>): void;
  /** Resolves when the work that is under way now has ended. */
  ended(): Promise<unknown>;
};

/** A receiver that was slow is forgotten after this long; being slow again costs others little. */
const rememberMs = 10 * 60_000;

type Receiver = {
  /** Places it holds. */
  held: number;
  /** Of these, held by work that has turned out slow. */
  late: number;
  /** Slow work that holds no place any more. */
  aside: number;
  /** Quick answers that have not yet paid for work set aside. */
  credit: number;
};

/**
 * Places for work that must not reject. Work that turns out slow goes on, but its place may be used for other
 * receivers; its own receiver is slow from then on, until it answers quickly once. However many receivers
 * never answer, each holds up the others for `slowMs`, once.
 *
 * For its own receiver the place stays taken, so that one in trouble is not stormed. Only where most answers
 * are quick are the few pieces of work that hang set aside, or they would hold all places of their receiver
 * in the end.
 */
export function createReceiverSlots(limits: ReceiverSlotLimits, onFree: () => void): ReceiverSlots {
  const { perReceiver, quickMax, slowMax, totalMax, slowMs, quickPerAside, asidePerReceiver, asideMax } =
    limits;
  /**
   * A receiver that goes silent all at once has paid for using each of its places once more, however many
   * answers were quick.
   */
  const creditMax = quickPerAside * perReceiver;
  const underWay = new Set<Promise<void>>();
  const receivers = new Map<string, Receiver>();
  const slowOnes = rememberSlow();
  let slow = 0;
  let aside = 0;

  function enter(name: string): Receiver {
    const receiver = receivers.get(name) ?? { held: 0, late: 0, aside: 0, credit: 0 };
    receivers.set(name, receiver);
    receiver.held += 1;
    return receiver;
  }

  function detach(name: string, receiver: Receiver): void {
    const isAllowed = () =>
      receiver.credit >= quickPerAside && receiver.aside < asidePerReceiver && aside < asideMax;
    while (receiver.late > 0 && isAllowed()) {
      receiver.credit -= quickPerAside;
      receiver.late -= 1;
      receiver.held -= 1;
      receiver.aside += 1;
      slow -= 1;
      aside += 1;
      if (receiver.late === 0) slowOnes.forget(name);
    }
  }

  function leave(name: string, receiver: Receiver, work: { isLate: boolean; isSlow: boolean }): void {
    if (!work.isLate) receiver.credit = Math.min(creditMax, receiver.credit + 1);
    // Slow ones are all alike: whichever ends, a place that is held is given back first.
    if (work.isLate && receiver.late === 0) {
      receiver.aside -= 1;
      aside -= 1;
    } else {
      receiver.held -= 1;
      if (work.isLate) receiver.late -= 1;
      if (work.isSlow) slow -= 1;
    }
    detach(name, receiver);
    if (receiver.held + receiver.aside === 0) receivers.delete(name);
  }

  return {
    free: () => Math.min(quickMax - (underWay.size - slow - aside), totalMax - underWay.size),
    taken: () => {
      const taken = new Map([...receivers].map(([name, { held }]) => [name, held]));
      slowOnes.keepFrom(taken, Math.max(0, slowMax - slow), perReceiver);
      return taken;
    },
    run: (name, work) => {
      const receiver = enter(name);
      const state = { isLate: false, isSlow: slowOnes.has(name) };
      if (state.isSlow) slow += 1;
      const timer = setTimeout(() => {
        if (!state.isSlow) slow += 1;
        state.isLate = true;
        state.isSlow = true;
        receiver.late += 1;
        slowOnes.note(name);
        detach(name, receiver);
        onFree();
      }, slowMs);
      const done = work().finally(() => {
        clearTimeout(timer);
        if (!state.isLate) slowOnes.forget(name);
        underWay.delete(done);
        leave(name, receiver, state);
        onFree();
      });
      underWay.add(done);
    },
    ended: () => Promise.allSettled(underWay),
  };
}

/** The receivers that were slow last. */
function rememberSlow() {
  /** Since when, the oldest first. */
  const slowSince = new Map<string, number>();
  let turn = 0;

  return {
    has: (name: string) => slowSince.has(name),
    forget: (name: string) => slowSince.delete(name),
    note: (name: string) => {
      const now = performance.now();
      slowSince.delete(name);
      slowSince.set(name, now);
      for (const [other, since] of slowSince) {
        if (now - since < rememberMs) break;
        slowSince.delete(other);
      }
    },
    /**
     * Deals out `places` among them and keeps the rest; begins with another each time, since not all of them
     * need their share.
     */
    keepFrom: (taken: Map<string, number>, places: number, perReceiver: number) => {
      let left = places;
      const share = Math.max(1, Math.floor(left / Math.max(1, slowSince.size)));
      const names = [...slowSince.keys()];
      turn = names.length === 0 ? 0 : (turn + 1) % names.length;
      for (const name of [...names.slice(turn), ...names.slice(0, turn)]) {
        const room = Math.min(share, left, perReceiver - (taken.get(name) ?? 0));
        taken.set(name, perReceiver - Math.max(0, room));
        left -= Math.max(0, room);
      }
    },
  };
}
