import { commit, unanswered } from './commit.ts';
import { finishRun, persist } from './finish.ts';
import { type Call, callProvider } from './provider.ts';
import type { Claimed, StopReason, StoredJob, Ticket } from './records.ts';
import type { Group, Process, Steps } from './schedule.ts';
import { claimJob, extendLease, returnTicket, withdrawTicket } from './store.ts';
import { putOffTicket, removeTicket, renewLock, takeTicket } from './ticket-queue.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

/** One job being run by one worker. */
export type Run = { claimed: Claimed; process: Process | null; stopReason: StopReason | null };

export type Worker = {
  group: Group;
  concurrency: number;
  /** In this process's memory: gone when it dies. */
  runs: Map<StoredJob, Run>;
  tickets: Set<Ticket>;
};

const pollMs = 1000;
/** A ticket whose run failed for want of a database is tried again after this long. */
const retryMs = 1000;

/** A worker process: takes tickets, runs jobs, keeps their leases; and may die or stand still at any step. */
export function startWorker(world: World, name: string, concurrency: number): Worker {
  const group: Group = {
    name,
    pausedUntilMs: 0,
    processes: new Set(),
    begin: () => {
      worker.runs = new Map();
      worker.tickets = new Set();
      world.schedule.start(group, pull(world, worker));
      world.schedule.start(group, beat(world, worker));
    },
  };
  const worker: Worker = { group, concurrency, runs: new Map(), tickets: new Set() };
  group.begin();
  return worker;
}

/** Stops a run early; with a fence, only if it is that attempt. */
export function stopRun(
  world: World,
  worker: Worker,
  job: StoredJob,
  reason: StopReason,
  fence?: number,
): void {
  const run = worker.runs.get(job);
  if (run === undefined || (fence !== undefined && run.claimed.fence !== fence)) return;
  run.stopReason ??= reason;
  if (run.process !== null) world.schedule.wake(run.process);
}

function* pull(world: World, worker: Worker): Steps {
  for (;;) {
    yield pollMs;
    while (worker.tickets.size < worker.concurrency) {
      const ticket = takeTicket(world);
      if (ticket === null) break;
      worker.tickets.add(ticket);
      world.schedule.start(worker.group, runTicket(world, worker, ticket));
    }
  }
}

/** Keeps locks and leases, three times a lease. */
function* beat(world: World, worker: Worker): Steps {
  for (;;) {
    yield timesMs.lease / 3;
    for (const ticket of worker.tickets) renewLock(world, ticket);
    const runs = [...worker.runs.values()];
    if (runs.length > 0) yield* keepLeases(world, worker, runs);
    if (!world.meets('shutdown')) continue;
    for (const { claimed } of runs) stopRun(world, worker, claimed.job, 'shutdown', claimed.fence);
  }
}

/** One statement for all runs; those that are not given back lost their job. */
function* keepLeases(world: World, worker: Worker, runs: Run[]): Steps {
  const kept = commit(world, () => runs.map(({ claimed: { job, fence } }) => extendLease(world, job, fence)));
  if (kept === unanswered) return;
  yield world.step();
  for (const [index, { claimed }] of runs.entries()) {
    const lease = kept[index];
    if (lease === null) stopRun(world, worker, claimed.job, 'lost', claimed.fence);
    else if (lease?.cancel) stopRun(world, worker, claimed.job, 'cancelled', claimed.fence);
  }
}

/** The steps of run-job: admit, claim, and then those of any claimed job. */
function* runTicket(world: World, worker: Worker, ticket: Ticket): Steps {
  yield world.step();
  const isOver = yield* admitAndRun(world, worker, ticket);
  worker.tickets.delete(ticket);
  if (isOver) removeTicket(world, ticket);
}

/** True when the ticket is used up; else it was put off. */
function* admitAndRun(world: World, worker: Worker, ticket: Ticket): Generator<number, boolean, undefined> {
  if (world.meets('gateShut')) return yield* shutOut(world, ticket);
  const claimed = commit(world, () => claimJob(world, ticket, worker.group.name));
  if (claimed === unanswered) return putOff(world, ticket, retryMs);
  if (claimed === null) return true;
  yield* runClaimed(world, worker, claimed, ticket.provider);
  return true;
}

/** The steps of run-claimed: call where the gate let it in, decide and finish. */
export function* runClaimed(world: World, worker: Worker, claimed: Claimed, admittedBy: string): Steps {
  // An older run of the same job has lost it, or this claim would not have been given.
  stopRun(world, worker, claimed.job, 'lost');
  const run: Run = { claimed, process: world.schedule.current, stopReason: null };
  worker.runs.set(claimed.job, run);
  yield world.step();
  const call = callProvider(world, claimed, admittedBy);
  const stopReason = yield* untilAnswered(world, run, call);
  yield world.step();
  yield* finishRun(world, worker.group.name, { claimed, call, stopReason });
  if (worker.runs.get(claimed.job) === run) worker.runs.delete(claimed.job);
}

/**
 * The gate stays shut: for a short while the ticket waits, for a longer one its job goes back to the backlog;
 * or its provider is paused, and it goes back to where it was.
 */
function* shutOut(world: World, ticket: Ticket): Generator<number, boolean, undefined> {
  if (world.random.chance(0.5)) return putOff(world, ticket, world.random.between(100, 4000));
  yield world.step();
  const isPaused = world.random.chance(0.2);
  const releaseTicket = () =>
    isPaused ? withdrawTicket(world, ticket) : returnTicket(world, ticket, world.random.between(0, 8000));
  const returned = yield* persist(world, releaseTicket, 1);
  return returned === unanswered ? putOff(world, ticket, retryMs) : true;
}

function putOff(world: World, ticket: Ticket, ms: number): false {
  putOffTicket(world, ticket, ms);
  return false;
}

/** The call, which ends early when the run is stopped or its deadline passes: then with the reason. */
function* untilAnswered(world: World, run: Run, call: Call): Generator<number, StopReason | null, undefined> {
  const { schedule } = world;
  const untilMs = Math.min(call.answeredAtMs, run.claimed.deadlineAtMs);
  while (run.stopReason === null && schedule.nowMs < untilMs) yield untilMs - schedule.nowMs;
  return run.stopReason ?? (schedule.nowMs < call.answeredAtMs ? 'expired' : null);
}
