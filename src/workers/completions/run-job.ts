import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Gate, GatePass } from '../../shared/queue/gate.ts';
import type { Ticket } from '../../shared/queue/queue.ts';
import type { TicketKey, TicketRelease } from '../../shared/queue/sql/tickets.ts';
import { type Admission, type AdmitDeps, admit } from './admit.ts';
import type { ClaimedJob } from './claim.ts';
import type { Finish } from './finish-job.ts';
import { type RunClaimedDeps, runClaimed } from './run-claimed.ts';

/** How a ticket ended: it is used up, it waits in the queue, or its job went back to the backlog. */
export type TicketEnd =
  | { kind: 'void' }
  | { kind: 'wait'; waitMs: number }
  | { kind: 'released' }
  | { kind: 'ran'; finish: Finish['kind'] };

export type RunJobDeps = AdmitDeps &
  RunClaimedDeps & {
    gate: Gate;
    claim(ticket: TicketKey): Promise<ClaimedJob | null>;
    /** The job waits in the backlog; false when it does not, because it has no target but this one. */
    releaseTicket(ticket: TicketRelease): Promise<boolean>;
    /** The job waits in the backlog where it was before. */
    withdrawTicket(ticket: TicketKey): Promise<boolean>;
  };

/**
 * Runs one attempt of one job by its ticket: admit, claim, then as for any claimed job. Each step takes what
 * the step before it returned; see docs/life-of-a-job.md for the states and for what repairs each gap between
 * two steps.
 */
export async function runJob(deps: RunJobDeps, provider: string, ticket: Ticket): Promise<TicketEnd> {
  const admission = await admit(deps, provider, ticket);
  if (admission.kind !== 'pass') return await leaveUnclaimed(deps, ticket, admission);

  await failpoint('run.ticket_taken');
  const job = await claimOrFreeSlot(deps, ticket, admission.pass);
  if (job === null) return { kind: 'void' };

  const finish = await runClaimed(deps, job, admission.pass);
  return { kind: 'ran', finish: finish.kind };
}

/** A ticket that may not go on now waits in the queue, or its job in the backlog. */
async function leaveUnclaimed(
  deps: RunJobDeps,
  { id, generation }: Ticket,
  admission: Exclude<Admission, { kind: 'pass' }>,
): Promise<TicketEnd> {
  if (admission.kind === 'wait') return admission;
  if (admission.kind === 'withdraw') {
    await deps.withdrawTicket({ id, generation });
    return { kind: 'released' };
  }
  const { waitMs, onlyElsewhere } = admission;
  const isReleased = await deps.releaseTicket({ id, generation, delayMs: waitMs, onlyElsewhere });
  if (isReleased) deps.requeued();
  return isReleased || !onlyElsewhere ? { kind: 'released' } : { kind: 'wait', waitMs };
}

/** Claims the job of a ticket. A claim that gives none leaves the slot that the gate had given to others. */
async function claimOrFreeSlot(deps: RunJobDeps, ticket: Ticket, pass: GatePass): Promise<ClaimedJob | null> {
  let job: ClaimedJob | null = null;
  try {
    job = await deps.claim({ id: ticket.id, generation: ticket.generation });
    return job;
  } finally {
    if (job === null) void deps.gate.report(pass, { kind: 'unused' });
  }
}
