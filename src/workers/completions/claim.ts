import type { ChatRequest } from '../../shared/chat/chat.ts';
import { type ClaimRow, claimJobs } from '../../shared/jobs/sql/claim-jobs.ts';
import { restoreTargets } from '../../shared/jobs/stored-targets.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { ticketId } from '../../shared/queue/queue.ts';
import type { TicketKey } from '../../shared/queue/sql/tickets.ts';
import type { QuoteTarget } from '../../shared/quoting/quote.ts';

/**
 * A job this process may run now, and no other may. `attempts` is the number of the attempt it owns: the
 * fence.
 */
export type ClaimedJob = Omit<ClaimRow, 'target' | 'targets' | 'request'> & {
  /** The ticket it was claimed with, which also names its slot at the gate. */
  ticketId: string;
  /** Index into `targets` of the one to call. */
  targetIndex: number;
  target: QuoteTarget;
  targets: QuoteTarget[];
  request: ChatRequest;
};

/**
 * Claims jobs by ticket. Null when the ticket is void: the job ended, was cancelled, is late or has a newer
 * ticket. The attempt is counted and its row written when this resolves with a job, before any call.
 */
export function createClaim(sql: Database, worker: { id: string; leaseSeconds: number }) {
  const claim = createGroupCommit<TicketKey, ClaimRow | null>({
    commit: (tickets) => claimJobs(sql, tickets, worker),
    bytesOf: () => 100,
    faultOf: groupFaultOf,
  });
  return async (ticket: TicketKey): Promise<ClaimedJob | null> => {
    const row = await claim(ticket);
    return row === null ? null : toClaimedJob(row, ticketId(ticket));
  };
}

/** What a run needs, of a row that was claimed under this ticket. */
export function toClaimedJob(row: ClaimRow, ticket: string): ClaimedJob {
  const targets = restoreTargets(row.targets);
  const target = targets[row.target];
  if (target === undefined) throw new Error(`job ${row.id} has no target ${row.target}`);
  return {
    ...row,
    ticketId: ticket,
    provider: target.provider,
    targetIndex: row.target,
    target,
    targets,
    request: readJson(row.request) as ChatRequest,
  };
}
