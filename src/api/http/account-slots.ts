import { Refusal } from '../../shared/errors.ts';
import { createSlots } from '../../shared/platform/slots.ts';

/** Does a piece of work for an account, when it has a slot free in time; throws a 429 when it has none. */
export type AccountSlots = <Result>(accountId: string, work: () => Promise<Result>) => Promise<Result>;

/** A slot may be free again after this long. */
const retryAfterMs = 1000;

/**
 * So many slots for each account, in this process: what is long or large under way for one leaves the others
 * theirs. Work that finds none waits for `maxWaitMs`, in the order of asking; then it is refused with a 429
 * that says `busyMessage`.
 */
export function createAccountSlots(max: number, busyMessage: string, maxWaitMs = 0): AccountSlots {
  const accounts = new Map<string, { slots: ReturnType<typeof createSlots>; users: number }>();
  return async (accountId, work) => {
    const account = accounts.get(accountId) ?? { slots: createSlots(max), users: 0 };
    accounts.set(accountId, account);
    account.users += 1;
    try {
      const release = await account.slots.take(maxWaitMs);
      if (release === null) {
        throw new Refusal('rate_limited', busyMessage, { retryAfterMs });
      }
      return await work().finally(release);
    } finally {
      account.users -= 1;
      if (account.users === 0) accounts.delete(accountId);
    }
  };
}
