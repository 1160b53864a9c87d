import { Refusal } from '../../shared/errors.ts';
import { createSlots } from '../../shared/platform/slots.ts';

/**
 * Does a piece of work for an account as soon as it has a turn; throws a 429 when it has none for too long.
 */
export type AccountMutex = <Result>(accountId: string, work: () => Promise<Result>) => Promise<Result>;

const maxWaitMs = 30_000;
const retryAfterMs = 1000;

/**
 * So many at once for each account, in this process: the others of the same account wait, and nobody else.
 */
export function createAccountMutex(atOnce: number): AccountMutex {
  const lines = new Map<string, { slots: ReturnType<typeof createSlots>; users: number }>();
  return async (accountId, work) => {
    const line = lines.get(accountId) ?? { slots: createSlots(atOnce), users: 0 };
    lines.set(accountId, line);
    line.users += 1;
    try {
      const release = await line.slots.take(maxWaitMs);
      if (release === null) {
        throw new Refusal('rate_limited', 'Too many such reads of this account are under way; try again', {
          retryAfterMs,
        });
      }
      return await work().finally(release);
    } finally {
      line.users -= 1;
      if (line.users === 0) lines.delete(accountId);
    }
  };
}
