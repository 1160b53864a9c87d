import { every, type Loop } from '../../shared/every.ts';
import { eraseOldContent, forgetOldKeys } from '../../shared/sql/content.ts';
import type { Database } from '../../shared/sql/database.ts';
import type { Leadership } from '../../shared/sql/leadership.ts';
import { forgetSyncCalls } from '../../shared/sql/sync-calls.ts';
import type { Log } from '../../shared/telemetry.ts';

const intervalMs = 60_000;
const pageSize = 1000;
/** The contract keeps a key for at least a day; two leave room for clocks and retries. */
const keyHours = 48;

/**
 * Erases what is kept no longer: requests, results and webhook bodies of jobs that ended long ago, and old idempotency
 * keys. A page at a time, so that no statement is long. The ledger is kept for ever.
 */
export function startHousekeeper(
  deps: { sql: Database; leadership: Pick<Leadership, 'lead'>; log: Log },
  settings: { contentRetentionDays: number },
): Loop {
  async function keepHouse(): Promise<boolean> {
    if (!(await deps.leadership.lead('housekeeping'))) return false;
    const erased = await eraseOldContent(deps.sql, settings.contentRetentionDays, pageSize);
    const forgotten = await forgetOldKeys(deps.sql, keyHours, pageSize);
    const calls = await forgetSyncCalls(deps.sql, pageSize);
    if (erased > 0) deps.log.info({ jobs: erased }, 'content past its retention was erased');
    return [erased, forgotten, calls].includes(pageSize);
  }
  return every(intervalMs, keepHouse, deps.log, 'housekeeping');
}
