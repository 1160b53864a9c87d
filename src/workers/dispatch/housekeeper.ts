import { every, type Loop } from '../../shared/every.ts';
import { forgetOldLines } from '../../shared/sql/batches.ts';
import { eraseOldBatchEvents, eraseOldContent } from '../../shared/sql/content.ts';
import type { Database } from '../../shared/sql/database.ts';
import { removeOldFiles } from '../../shared/sql/files.ts';
import { forgetOldKeys } from '../../shared/sql/idempotency.ts';
import type { Leadership } from '../../shared/sql/leadership.ts';
import { forgetSyncCalls } from '../../shared/sql/sync-calls.ts';
import type { Log } from '../../shared/telemetry.ts';

const intervalMs = 60_000;
const pageSize = 1000;
/** Files are larger. */
const filePageSize = 20;
/** A key is good for a day; two leave room for clocks and retries. */
const keyHours = 48;

/**
 * Erases what is kept no longer: requests, results and webhook bodies of jobs and batches that ended long ago, files past
 * their time, the lines of old batches, and old idempotency keys. A page at a time, so that no statement is long. The ledger is kept for ever.
 */
export function startHousekeeper(
  deps: { sql: Database; leadership: Pick<Leadership, 'lead'>; log: Log },
  settings: { contentRetentionDays: number },
): Loop {
  async function keepHouse(): Promise<boolean> {
    if (!(await deps.leadership.lead('housekeeping'))) return false;
    const erased = await eraseOldContent(deps.sql, settings.contentRetentionDays, pageSize);
    const events = await eraseOldBatchEvents(deps.sql, settings.contentRetentionDays, pageSize);
    const forgotten = await forgetOldKeys(deps.sql, keyHours, pageSize);
    const calls = await forgetSyncCalls(deps.sql, pageSize);
    const files = await removeOldFiles(deps.sql, settings.contentRetentionDays, filePageSize);
    const lines = await forgetOldLines(deps.sql, settings.contentRetentionDays, pageSize);
    if (erased > 0) deps.log.info({ jobs: erased }, 'content past its retention was erased');
    return [erased, events, forgotten, calls, lines].includes(pageSize) || files === filePageSize;
  }
  return every(intervalMs, keepHouse, deps.log, 'housekeeping');
}
