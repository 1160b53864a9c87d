import { deleteOldKeys } from '../../shared/accounts/sql/idempotency.ts';
import { deleteOldLines } from '../../shared/batches/sql/batches.ts';
import { deleteOldFiles } from '../../shared/batches/sql/files.ts';
import { eraseOldBatchEvents, eraseOldContent } from '../../shared/jobs/sql/content.ts';
import { deleteOldSyncCalls } from '../../shared/jobs/sql/sync-calls.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Leadership } from '../../shared/platform/postgres/leadership.ts';

const intervalMs = 60_000;
const pageSize = 1000;
/** Files take longer to delete. */
const filePageSize = 20;
/** A key is good for a day; two leave room for clocks and retries. */
const keyHours = 48;

/** Erases at most a page and gives how many it was; a full page means that there is more. */
type Duty = { name: string; page: number; erase(page: number): Promise<number> };

/**
 * Erases what is kept no longer: requests, results and webhook bodies of jobs and batches that ended long
 * ago, files past their time, the lines of old batches, and old idempotency keys. A page at a time, so that
 * no statement is long, and each by itself, so that one that fails stops no other. The ledger is kept for
 * ever.
 */
export function startRetention(
  deps: { sql: Database; leadership: Pick<Leadership, 'lead'>; log: Log },
  settings: { contentRetentionDays: number },
): Loop {
  const { sql, log } = deps;
  const { contentRetentionDays: days } = settings;
  const duties: Duty[] = [
    { name: 'texts of jobs', page: pageSize, erase: (page) => eraseOldContent(sql, days, page) },
    { name: 'bodies of events', page: pageSize, erase: (page) => eraseOldBatchEvents(sql, days, page) },
    { name: 'idempotency keys', page: pageSize, erase: (page) => deleteOldKeys(sql, keyHours, page) },
    { name: 'synchronous calls', page: pageSize, erase: (page) => deleteOldSyncCalls(sql, page) },
    { name: 'files', page: filePageSize, erase: (page) => deleteOldFiles(sql, days, page) },
    { name: 'lines of batches', page: pageSize, erase: (page) => deleteOldLines(sql, days, page) },
  ];

  async function erasePages(): Promise<boolean> {
    if (!(await deps.leadership.lead('housekeeping'))) return false;
    let hasMore = false;
    for (const { name, page, erase } of duties) {
      const erased = await erase(page).catch((error: unknown) => {
        log.warn({ duty: name, error }, 'what is kept no longer could not be erased');
        return 0;
      });
      if (erased > 0) log.info({ duty: name, erased }, 'what is kept no longer was erased');
      hasMore ||= erased >= page;
    }
    return hasMore;
  }
  return startLoop(intervalMs, erasePages, log, 'housekeeping');
}
