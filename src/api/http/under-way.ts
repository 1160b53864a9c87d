import { overQuota, type QuotaName } from '../../shared/platform/config/quotas.ts';
import type { LimitedAccount } from '../auth/account-cache.ts';

/** What is under way for each account in this process, of one kind that has a quota. */
export type UnderWay = {
  /** Counts one more; what it gives back counts it out again, once. Throws the refusal of one too many. */
  enter(account: LimitedAccount | null): () => void;
  /** Throws the refusal that one more would get. */
  refuseMore(account: LimitedAccount | null): void;
  used(accountId: string): number;
};

/** Counts in this process what lasts as long as a connection does. Who has no account is not counted. */
export function createUnderWay(quota: QuotaName): UnderWay {
  const counts = new Map<string, number>();
  const used = (accountId: string) => counts.get(accountId) ?? 0;

  function leave(accountId: string): void {
    const left = used(accountId) - 1;
    if (left > 0) counts.set(accountId, left);
    else counts.delete(accountId);
  }

  function refuseMore(account: LimitedAccount | null): void {
    if (account === null) return;
    const limit = account.limits[quota];
    if (used(account.id) >= limit) throw overQuota(quota, limit);
  }

  return {
    used,
    refuseMore,
    enter(account) {
      if (account === null) return () => undefined;
      refuseMore(account);
      counts.set(account.id, used(account.id) + 1);
      let isIn = true;
      return () => {
        if (isIn) leave(account.id);
        isIn = false;
      };
    },
  };
}
