import { Refusal } from '../../shared/domain/errors.ts';
import type { LimitedAccount } from './account-cache.ts';
import type { UnderWay } from './under-way.ts';

export type BodyPlaceSettings = {
  /** How many bodies of each account are on their way. */
  bodies: UnderWay;
  /** Bytes of all bodies that are being received by this process. */
  bytesMax: number;
  /** Whoever finds no place of his account waits this long for one. */
  waitMs: number;
};

/** A place of one body that is on its way. */
export type BodyPlace = {
  /** Counts bytes that came; throws the refusal when the process holds as much as it may. */
  hold(bytes: number): void;
  leave(): void;
};

export type BodyPlaces = {
  /** A place for a large body, at once or as soon as one of the account is free. Rejects with a 429. */
  enter(account: LimitedAccount | null): Promise<BodyPlace>;
  /** One that only counts bytes: small bodies take no place of their account. */
  small(): BodyPlace;
};

const retryAfterMs = 1000;

/** Bounds what bodies take while they arrive: a client that sends slowly, or never ends, holds its own places and nobody else's. */
export function createBodyPlaces({ bodies, bytesMax, waitMs }: BodyPlaceSettings): BodyPlaces {
  const waiting = new Map<string, Set<() => void>>();
  let held = 0;

  function placeOf(leave: () => void): BodyPlace {
    let own = 0;
    let isIn = true;
    return {
      hold: (bytes) => {
        if (held + bytes > bytesMax) {
          const message = 'The server is receiving as much as it can hold; try again';
          throw new Refusal('unavailable', message, { retryAfterMs });
        }
        own += bytes;
        held += bytes;
      },
      leave: () => {
        if (!isIn) return;
        isIn = false;
        held -= own;
        leave();
      },
    };
  }

  function take(account: LimitedAccount | null): BodyPlace {
    const leave = bodies.enter(account);
    return placeOf(() => {
      leave();
      const [next] = waiting.get(account?.id ?? '') ?? [];
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
    small: () => placeOf(() => undefined),
  };
}
