import type { JobEvents } from '../../shared/events/job-events.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Gate, GatePass } from '../../shared/queue/gate.ts';
import type { Ticket } from '../../shared/queue/queue.ts';
import type { TicketKey, TicketRelease } from '../../shared/queue/sql/tickets.ts';
import { type AdmitDeps, admit } from './admit.ts';
import { type CallDeps, callProvider } from './call-provider.ts';
import type { ClaimedJob } from './claim.ts';
import { type Finish, type FinishDeps, finishJob } from './finish-job.ts';
import type { Runs } from './runs.ts';

/** How a ticket ended: it is used up, it waits in the queue, or its job went back to the backlog. */
export type TicketEnd =
  | { kind: 'void' }
  | { kind: 'wait'; waitMs: number }
  | { kind: 'returned' }
  | { kind: 'ran'; finish: Finish };

export type RunJobDeps = AdmitDeps &
  CallDeps &
  FinishDeps & {
    gate: Gate;
    runs: Runs;
    events: Pick<JobEvents, 'openWriter' | 'announce'>;
    claim(ticket: TicketKey): Promise<ClaimedJob | null>;
    giveBack(ticket: TicketRelease): Promise<boolean>;
    withdraw(ticket: TicketKey): Promise<boolean>;
    /** Tells whoever waits that a webhook is owed. */
    owesDelivery(): void;
  };

/**
 * Runs one attempt of one job: admit, claim, call, decide, finish, announce. Each step takes what the step
 * before it returned; see docs/life-of-a-job.md for the states and for what repairs each gap between two
 * steps.
 */
export async function runJob(deps: RunJobDeps, provider: string, ticket: Ticket): Promise<TicketEnd> {
  const entry = await admit(deps, provider, ticket);
  if (entry.kind === 'wait') return entry;
  if (entry.kind === 'withdraw') {
    await deps.withdraw({ id: ticket.id, generation: ticket.generation });
    return { kind: 'returned' };
  }
  if (entry.kind === 'return') {
    const { waitMs, onlyElsewhere } = entry;
    const { id, generation } = ticket;
    const isGone = await deps.giveBack({ id, generation, delayMs: waitMs, onlyElsewhere });
    return isGone || !onlyElsewhere ? { kind: 'returned' } : { kind: 'wait', waitMs };
  }

  await failpoint('run.ticket_taken');
  const job = await claimOrGiveUp(deps, ticket, entry.pass);
  if (job === null) return { kind: 'void' };

  const run = deps.runs.start(job);
  try {
    await failpoint('run.claimed');
    const writer = deps.events.openWriter({
      jobId: job.id,
      attempt: job.attempts,
      provider: job.provider,
      model: job.target.model,
      stream: job.stream,
      lastSeq: job.eventSeq,
      createdAtMs: job.createdAt.getTime(),
    });
    writer.started();
    let wrote = false;
    const answer = await callProvider(deps, run, entry.pass, (delta) => {
      wrote = true;
      writer.delta(delta);
    });
    const lastEventSeq = await writer.close();
    await failpoint('run.answered');
    const finish = await finishJob(deps, { job, answer, stopReason: run.stopReason(), wrote, lastEventSeq });
    await failpoint('run.settled');
    announce(deps, job, finish);
    await failpoint('run.announced');
    return { kind: 'ran', finish };
  } finally {
    run.end();
  }
}

async function claimOrGiveUp(deps: RunJobDeps, ticket: Ticket, pass: GatePass) {
  try {
    const job = await deps.claim({ id: ticket.id, generation: ticket.generation });
    if (job === null) void deps.gate.report(pass, { kind: 'unused' });
    return job;
  } catch (error) {
    void deps.gate.report(pass, { kind: 'unused' });
    throw error;
  }
}

function announce(deps: RunJobDeps, job: ClaimedJob, finish: Finish): void {
  if (finish === 'dropped') return;
  deps.events.announce(job.id);
  if (finish === 'final' && job.announces) deps.owesDelivery();
}
