import type { Database } from '../../platform/postgres/database.ts';
import type { TicketKey } from '../../queue/sql/tickets.ts';
import { claimedFields, type JobRow } from '../rules/job-row.ts';
import { jobColumns } from './job-columns.ts';

/** A claimed job: everything a run needs. `request` and `targets` are as they are stored. */
export type ClaimRow = Pick<JobRow, (typeof claimedFields)[number]> & {
  startedAt: Date;
  request: string;
  targets: unknown;
};

const claimedColumns = jobColumns(claimedFields, '(c.job)');

/**
 * Claims many jobs for one worker, by their tickets, and writes their attempt rows. Null for a job that is
 * not to be run: done, cancelled, late, or ticketed anew.
 */
export async function claimJobs(
  sql: Database,
  tickets: TicketKey[],
  worker: { id: string; leaseSeconds: number },
): Promise<(ClaimRow | null)[]> {
  const rows = await sql<ClaimRow[]>`
    select ${claimedColumns}, c.request, c.targets
    from claim_jobs(
      ${tickets.map((ticket) => ticket.id)}::text[],
      ${tickets.map((ticket) => ticket.generation)}::integer[],
      ${worker.id},
      ${worker.leaseSeconds * 1000}::integer
    ) c`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const newest = new Map<string, TicketKey>();
  for (const ticket of tickets) {
    // A job was claimed by its newest ticket; an older one beside it, or the same once more, is void.
    if (ticket.generation > (newest.get(ticket.id)?.generation ?? -1)) newest.set(ticket.id, ticket);
  }
  return tickets.map((ticket) => (newest.get(ticket.id) === ticket ? (byId.get(ticket.id) ?? null) : null));
}

/** Whether a job runs as this worker claimed it where it was accepted; see is_express_claim.sql. */
export async function isExpressClaim(sql: Database, jobId: string, workerId: string): Promise<boolean> {
  const [row] = await sql<{ isClaim: boolean }[]>`
    select is_express_claim(${jobId}, ${workerId}) as "isClaim"`;
  return row?.isClaim ?? false;
}

/**
 * Extends the leases of everything a worker runs, in one statement. Returns those still its own, with the
 * request to cancel if there is one; a run that is not returned lost its job. For a row that is being settled
 * the statement waits, and rightly finds then that it does not run any more.
 */
export async function extendLeases(
  sql: Database,
  runs: { id: string; attempt: number }[],
  leaseSeconds: number,
): Promise<{ id: string; attempt: number; cancel: boolean }[]> {
  return await sql<{ id: string; attempt: number; cancel: boolean }[]>`
    with mine as (
      select j.id
      from unnest(${runs.map((run) => run.id)}::text[],
        ${runs.map((run) => run.attempt)}::integer[]) as r (id, attempt)
      join jobs j on j.id = r.id
      where j.state = 'running' and j.attempts = r.attempt
      order by j.id
      for no key update of j
    )
    update jobs j
    set lease_until = now() + make_interval(secs => ${leaseSeconds})
    from mine m
    where j.id = m.id
    returning j.id, j.attempts as attempt, j.cancel_requested_at is not null as cancel`;
}
