import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { noteSyncCalls, type SyncCall } from '../../shared/jobs/sql/sync-calls.ts';

/**
 * Notes which job is about to answer a call, durably when this resolves. Concurrent calls share statements.
 */
export type NoteCall = (call: SyncCall) => Promise<unknown>;

export function createCallNotes(sql: Database): NoteCall {
  return createGroupCommit<SyncCall, true>({
    commit: async (calls) => {
      await noteSyncCalls(sql, calls);
      return calls.map(() => true);
    },
    bytesOf: () => 200,
    faultOf: groupFaultOf,
  });
}
