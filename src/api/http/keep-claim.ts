import { type KeyClaim, renewClaim } from '../../shared/accounts/sql/idempotency.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';

/** A claim that is not renewed for this long is that of a process that died. */
export const claimSeconds = 60;
const renewMs = 20_000;

/** Renews the claim of a key while its work goes on, however long that takes. */
export function keepClaim(sql: Database, claim: KeyClaim): { stop(): void } {
  const timer = setInterval(() => {
    // One that fails is followed by the next; the claim has time for two more.
    void renewClaim(sql, claim, claimSeconds).catch(() => undefined);
  }, renewMs);
  return { stop: () => clearInterval(timer) };
}
