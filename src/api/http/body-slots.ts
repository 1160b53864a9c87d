import { Refusal } from '../../shared/errors.ts';
import type { LimitedAccount } from '../auth/account-cache.ts';
import type { UnderWay } from './under-way.ts';

export type BodySlotSettings = {
  /** How many bodies of each account are on their way. */
  bodies: UnderWay;
  /** Bytes of all bodies that are being received by this process. */
  bytesMax: number;
  /** Whoever finds no place of his account waits this long for one. */
  waitMs: number;
};

/** A place of one body that is on its way. */
export type BodySlot = {
  /** Counts bytes that came; throws the refusal when the process holds as much as it may. */
  hold(bytes: number): void;
  leave(): void;
};

export type BodySlots = {
  /** A place for a large body, at once or as soon as one of the account is free. Rejects with a 429. */
  enter(account: LimitedAccount | null): Promise<BodySlot>;
  /** One that only counts bytes: small bodies take no place of their account. */
  small(account: LimitedAccount | null): BodySlot;
};

const retryAfterMs = 1000;
/**
 * An account holds at most so many times what is then left free: four fifths of all when it is alone, less
 * the more there are. Something is left for whoever comes next, however many bodies, small ones too, never
 * end.
 */
const ofFreeMax = 4;

/**
 * Bounds what bodies take while they arrive: a client that sends slowly, or never ends, holds its own places
 * and nobody else's.
 */
export function createBodySlots({ bodies, bytesMax, waitMs }: BodySlotSettings): BodySlots {
  const waiting = new Map<string, Set<() => void>>();
  const heldBy = new Map<string, number>();
  let held = 0;

  function add(accountId: string, bytes: number): void {
    held += bytes;
    const ofAccount = (heldBy.get(accountId) ?? 0) + bytes;
    if (ofAccount > 0) heldBy.set(accountId, ofAccount);
    else heldBy.delete(accountId);
  }

  function slotOf(accountId: string, leave: () => void): BodySlot {
    let own = 0;
    let isIn = true;
    return {
      hold: (bytes) => {
        const ofAccount = (heldBy.get(accountId) ?? 0) + bytes;
        if (ofAccount > ofFreeMax * (bytesMax - held - bytes)) {
          const message = 'The server is receiving as much as it can hold; try again';
          throw new Refusal('unavailable', message, { retryAfterMs });
        }
        own += bytes;
        add(accountId, bytes);
      },
      leave: () => {
        if (!isIn) return;
        isIn = false;
        add(accountId, -own);
        leave();
      },
    };
  }

  function take(account: LimitedAccount | null): BodySlot {
    const leave = bodies.enter(account);
    const accountId = account?.id ?? '';
    return slotOf(accountId, () => {
      leave();
      const [next] = waiting.get(accountId) ?? [];
      next?.();
    });
  }

  /** Resolves when a place of the account came free, or nobody left one for too long. */
  function wait(accountId: string, untilMs: number): Promise<void> {
    const others = waiting.get(accountId) ?? new Set();
    waiting.set(accountId, others);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        others.delete(end);
        if (others.size === 0) waiting.delete(accountId);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, untilMs - performance.now()));
      others.add(end);
    });
  }

  return {
    enter: async (account) => {
      const untilMs = performance.now() + waitMs;
      for (;;) {
        try {
          return take(account);
        } catch (error) {
          if (performance.now() >= untilMs) throw error;
        }
        await wait(account?.id ?? '', untilMs);
      }
    },
    small: (account) => slotOf(account?.id ?? '', () => undefined),
  };
}
