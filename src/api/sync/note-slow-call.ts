import { Refusal } from '../../shared/errors.ts';
import { deleteSyncCall, noteSyncCall, type SyncCall } from '../../shared/jobs/sql/sync-calls.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';

/** Before any official SDK asks again. */
const slowMs = 150;

/**
 * Notes a call whose job is still being accepted after a moment, as one that waits for its account's balance
 * is: its client may ask again meanwhile, and is then given the same job. Of a call that is refused after all
 * the note is deleted.
 */
export async function noteWhenSlow<Accepted>(
  sql: Database,
  call: SyncCall,
  accepting: Promise<Accepted>,
): Promise<Accepted> {
  let noting: Promise<unknown> | null = null;
  const timer = setTimeout(() => {
    // Without the note the call is as it was: noted when it is accepted.
    noting = noteSyncCall(sql, call).catch(() => undefined);
  }, slowMs);
  try {
    return await accepting;
  } catch (error) {
    // Whatever else went wrong, its job may be there.
    if (noting !== null && error instanceof Refusal) {
      await noting;
      await deleteSyncCall(sql, call.jobId).catch(() => undefined);
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
