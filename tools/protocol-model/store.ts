import { isFinal } from '../../src/shared/jobs/rules/job.ts';
import {
  isOrphaned,
  isOverdue,
  type JobCore,
  legalJobMoves,
  moveJob,
} from '../../src/shared/jobs/rules/transitions.ts';
import type { Claimed, StoredJob, Ticket } from './records.ts';
import { SchemaRefusal } from './schema-refusal.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

/** Puts a moved core in place, unless the schema would refuse it. */
export function replaceCore(world: World, job: StoredJob, core: JobCore): void {
  const { state } = job.core;
  if (world.guards.legalMoves && state !== core.state && !legalJobMoves[state].includes(core.state)) {
    throw new SchemaRefusal(`a job that is ${state} may not become ${core.state}`, job);
  }
  if ((core.state === 'running') !== (core.leaseUntilMs !== null)) {
    throw new SchemaRefusal('running jobs have a lease, and no others', job);
  }
  if (core.queuedAtMs !== job.core.queuedAtMs) {
    world.violate('a job keeps its place', `of ${job.core.queuedAtMs}, now ${core.queuedAtMs}`, job);
  }
  job.core = core;
}

/** The jobs that are not final. */
export function openJobs({ store }: World): StoredJob[] {
  if (store.open.some(({ core }) => isFinal(core.state))) {
    store.open = store.open.filter(({ core }) => !isFinal(core.state));
  }
  return store.open;
}

/** See ticket_jobs: as many as the window has room for. */
export function ticketJobs(world: World, window: number): Ticket[] {
  const jobs = openJobs(world);
  let room = window - jobs.filter(({ core }) => core.state !== 'waiting').length;
  const tickets: Ticket[] = [];
  for (const job of jobs) {
    if (room <= 0) break;
    const core = moveJob(job.core, { kind: 'ticket' }, world.schedule.nowMs);
    if (core === null) continue;
    if (world.schedule.nowMs < job.witness.notBeforeMs) {
      world.violate('a job waits as long as was decided', `until ${job.witness.notBeforeMs}`, job);
    }
    replaceCore(world, job, core);
    job.ticketedAtMs = world.schedule.nowMs;
    tickets.push(ticketOf(job));
    world.note(job, 'ticketed, generation', core.generation);
    room -= 1;
  }
  return tickets;
}

export function ticketOf(job: StoredJob): Ticket {
  return { job, generation: job.core.generation, provider: providerOf(job) };
}

function providerOf(job: StoredJob): string {
  return job.submission.targets[job.target] ?? '';
}

/** See claim_jobs: the attempt is written with the claim. */
export function claimJob(world: World, ticket: Ticket, worker: string): Claimed | null {
  const { job } = ticket;
  const generation = world.guards.generationCheck ? ticket.generation : job.core.generation;
  const move = { kind: 'claim' as const, generation, leaseMs: timesMs.lease };
  const core = moveJob(job.core, move, world.schedule.nowMs);
  if (core === null) return null;
  replaceCore(world, job, core);
  if (job.witness.isCancelAsked || core.deadlineAtMs <= world.schedule.nowMs) {
    world.violate('nothing is claimed that is cancelled or late', `attempt ${core.attempts}`, job);
  }
  job.worker = worker;
  job.witness.leaseEndMs = world.schedule.nowMs + timesMs.lease;
  if (world.guards.attemptBeforeCall) job.attempts.push({ number: core.attempts, outcome: 'started' });
  world.note(
    job,
    worker,
    'claimed attempt',
    core.attempts,
    'with the ticket of generation',
    ticket.generation,
  );
  return toClaimed(job);
}

export function toClaimed(job: StoredJob): Claimed {
  const { attempts, tries, deadlineAtMs } = job.core;
  return { job, fence: attempts, tries, target: job.target, provider: providerOf(job), deadlineAtMs };
}

/** See release_tickets: to the next target at once, or round again after the delay. */
export function returnTicket(world: World, { job, generation }: Ticket, delayMs: number): boolean {
  const target = (job.target + 1) % job.submission.targets.length;
  const move = { kind: 'returnTicket' as const, generation, delayMs: target > 0 ? 0 : delayMs };
  const core = moveJob(job.core, move, world.schedule.nowMs);
  if (core === null) return false;
  replaceCore(world, job, core);
  job.target = target;
  job.witness.notBeforeMs = world.schedule.nowMs + move.delayMs;
  world.note(job, 'ticket handed back, generation', core.generation, providerOf(job));
  return true;
}

/** See withdraw_tickets: to its old place, for the same target. */
export function withdrawTicket(world: World, { job, generation }: Ticket): boolean {
  const core = moveJob(job.core, { kind: 'withdrawTicket', generation }, world.schedule.nowMs);
  if (core === null) return false;
  replaceCore(world, job, core);
  world.note(job, 'ticket withdrawn, generation', core.generation, providerOf(job));
  return true;
}

/** See extend_leases: of one run. Null when the run lost its job. */
export function extendLease(world: World, job: StoredJob, fence: number): { cancel: boolean } | null {
  const { nowMs } = world.schedule;
  const move = { kind: 'extendLease' as const, fence, leaseMs: timesMs.lease };
  const core = world.guards.leaseCheck
    ? moveJob(job.core, move, nowMs)
    : { ...job.core, leaseUntilMs: nowMs + timesMs.lease };
  if (core === null) return null;
  replaceCore(world, job, core);
  job.witness.leaseEndMs = nowMs + timesMs.lease;
  return { cancel: core.cancelRequested };
}

/** Records a request to cancel; false when the job is final. */
export function requestCancel(world: World, job: StoredJob): boolean {
  const core = moveJob(job.core, { kind: 'requestCancel' }, world.schedule.nowMs);
  if (core === null) return false;
  replaceCore(world, job, core);
  job.witness.isCancelAsked = true;
  world.note(job, 'asked to stop');
  return true;
}

/** What the reaper reads of a job: what was true then. */
export type Orphan = {
  job: StoredJob;
  fence: number;
  tries: number;
  target: number;
  cancel: boolean;
  late: boolean;
};

export function listLost(world: World): Orphan[] {
  const { nowMs } = world.schedule;
  const lost = openJobs(world).filter((job) => isOrphaned(job.core, nowMs));
  for (const job of lost) {
    if (nowMs <= job.witness.leaseEndMs) {
      world.violate('a job is its until its lease ends', `until ${job.witness.leaseEndMs}`, job);
    }
  }
  return lost.map((job) => toOrphan(job, nowMs));
}

export function listOverdue(world: World): Orphan[] {
  const { nowMs } = world.schedule;
  return openJobs(world)
    .filter((job) => isOverdue(job.core, nowMs))
    .map((job) => toOrphan(job, nowMs));
}

function toOrphan(job: StoredJob, nowMs: number): Orphan {
  const { attempts, tries, cancelRequested, deadlineAtMs } = job.core;
  const late = deadlineAtMs <= nowMs;
  return { job, fence: attempts, tries, target: job.target, cancel: cancelRequested, late };
}
