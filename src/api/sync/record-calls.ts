import { recordSyncCalls, type SyncCall } from '../../shared/jobs/sql/sync-calls.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';

/**
 * Notes which job is about to answer a call, durably when this resolves. Concurrent calls share statements.
 */
export type RecordCall = (call: SyncCall) => Promise<unknown>;

export function createCallRecorder(sql: Database): RecordCall {
  return createGroupCommit<SyncCall, true>({
    commit: async (calls) => {
      await recordSyncCalls(sql, calls);
      return calls.map(() => true);
    },
    bytesOf: () => 200,
    faultOf: groupFaultOf,
  });
}
