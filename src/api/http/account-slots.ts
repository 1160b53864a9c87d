import { Refusal } from '../../shared/domain/errors.ts';

/** Does a piece of work for an account, when it has a slot free; throws a 429 when it has none. */
export type AccountSlots = <Result>(accountId: string, work: () => Promise<Result>) => Promise<Result>;

/** A slot may be free again after this long. */
const retryAfterMs = 1000;

/** So many slots for each account, in this process: what is long under way for one leaves the others theirs. */
export function createAccountSlots(max: number, what: string): AccountSlots {
  const used = new Map<string, number>();
  return async (accountId, work) => {
    const others = used.get(accountId) ?? 0;
    if (others >= max) {
      throw new Refusal('rate_limited', `${max} ${what} of this account are under way; wait for one to end`, {
        retryAfterMs,
      });
    }
    used.set(accountId, others + 1);
    try {
      return await work();
    } finally {
      const left = (used.get(accountId) ?? 1) - 1;
      if (left === 0) used.delete(accountId);
      else used.set(accountId, left);
    }
  };
}
