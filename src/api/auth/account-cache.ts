import { type AccountSettings, findAccountSettings } from '../../shared/accounts/sql/accounts.ts';
import { type Limits, limitsOf } from '../../shared/platform/config/quotas.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { RecentMap } from '../../shared/platform/recent-map.ts';

/** A change of an account's settings acts within this time in every process. */
const settingsMaxAgeMs = 900;
const accountsMax = 50_000;

/** Settings of an account with its limits: its own, else the installation's. */
export type LimitedAccount = Omit<AccountSettings, 'limits'> & { limits: Limits };

export type AccountCache = {
  /** Settings of an account, at most 0.9 s old; null when there is no such account. */
  find(id: string): Promise<LimitedAccount | null>;
  /** Makes the next `find` read again. */
  drop(id: string): void;
};

/** Keeps the settings that every request needs; concurrent misses share one query. */
export function createAccountCache(
  sql: Database,
  defaults: Limits,
  now: () => number = Date.now,
): AccountCache {
  const kept = new RecentMap<string, { until: number; settings: Promise<LimitedAccount | null> }>(
    accountsMax,
  );
  const read = createGroupCommit<string, LimitedAccount | null>({
    commit: async (ids) => (await findAccountSettings(sql, ids)).map(toLimited),
    bytesOf: (id) => id.length,
    faultOf: groupFaultOf,
  });

  const toLimited = (account: AccountSettings | null) =>
    account === null ? null : { ...account, limits: limitsOf(defaults, account) };

  return {
    find(id) {
      const entry = kept.get(id);
      if (entry !== undefined && entry.until > now()) return entry.settings;
      const settings = read(id);
      // A failure is the asker's; the next one asks again.
      settings.catch(() => kept.delete(id));
      kept.set(id, { until: now() + settingsMaxAgeMs, settings });
      return settings;
    },
    drop(id) {
      kept.delete(id);
    },
  };
}
