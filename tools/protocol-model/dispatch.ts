import { decideOrphan, lostFailure, stateOfError, stopError } from '../../src/shared/jobs/rules/orphaned.ts';
import { attemptOutcome } from '../../src/shared/jobs/rules/outcome.ts';
import { commit, unanswered } from './commit.ts';
import type { Group, Steps } from './schedule.ts';
import { endingOf, requeue, settle } from './settle.ts';
import { listLost, listOverdue, type Orphan, openJobs, ticketJobs, ticketOf } from './store.ts';
import { addTicket, hasTicket } from './ticket-queue.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

const dispatchMs = 1000;
const reapMs = 2000;
const reconcileMs = 2000;

/**
 * A process that dispatches, reaps and reconciles. Production lets one process at a time do each; here all
 * do, since a leader that was paused believes for a while that it still leads.
 */
export function startDispatch(world: World, name: string, window: number): void {
  const group: Group = {
    name,
    pausedUntilMs: 0,
    processes: new Set(),
    begin: () => {
      world.schedule.start(group, dispatch(world, window));
      if (world.guards.reaper) world.schedule.start(group, reap(world, name));
      if (world.guards.reconciler) world.schedule.start(group, reconcile(world));
    },
  };
  group.begin();
}

/** Postgres first, the queue after: a death between the two leaves a ticketed job without a ticket. */
function* dispatch(world: World, window: number): Steps {
  for (;;) {
    yield dispatchMs;
    if (!openJobs(world).some(({ core }) => core.state === 'waiting')) continue;
    const tickets = commit(world, () => ticketJobs(world, window));
    if (tickets === unanswered) continue;
    for (const ticket of tickets) {
      yield world.step();
      addTicket(world, ticket);
    }
  }
}

/**
 * Gives every ticketed job its ticket back: all of them when the queue lost its data, else those that waited
 * long.
 */
function* reconcile(world: World): Steps {
  const { queue, store, schedule } = world;
  for (;;) {
    yield reconcileMs;
    const isFlushed = queue.epoch !== store.epoch;
    const beforeMs = schedule.nowMs - (isFlushed ? 0 : timesMs.staleTicket);
    const tickets = openJobs(world)
      .filter(({ core, ticketedAtMs }) => core.state === 'ticketed' && (ticketedAtMs ?? 0) < beforeMs)
      .map(ticketOf);
    for (const ticket of tickets) {
      if (hasTicket(world, ticket)) continue;
      yield world.step();
      addTicket(world, ticket);
      world.note(ticket.job, 'its ticket was missing, generation', ticket.generation);
    }
    if (isFlushed) queue.epoch = store.epoch;
  }
}

/**
 * Ends or revives what nobody else will. What it read may be old by the time it writes: its fence says so.
 */
function* reap(world: World, name: string): Steps {
  for (;;) {
    yield reapMs;
    for (const found of listOverdue(world)) {
      yield world.step();
      endWithout(world, found, null, name);
    }
    for (const found of listLost(world)) {
      yield world.step();
      repairLost(world, found, name);
    }
  }
}

function repairLost(world: World, found: Orphan, by: string): void {
  const { job, fence, tries, target, cancel, late } = found;
  const { maxAttempts, targets } = job.submission;
  const tried = { tries, maxAttempts, attempts: fence, target, targets: targets.length };
  const losses = job.attempts.filter(({ isLost }) => isLost).length;
  const outcome = decideOrphan({ cancel, late, losses, otherLosses: 0, ...tried }, world.random.next());
  if (outcome.kind === 'failed') {
    endWithout(world, found, fence, by, stateOfError(outcome.error));
    return;
  }
  const { kind: _, failure, ...way } = outcome;
  const closed = attemptOutcome(failure.reason);
  commit(world, () => requeue(world, { job, fence, ...way, attemptOutcome: closed, isLost: true, by }));
}

function endWithout(
  world: World,
  { job, cancel }: Orphan,
  fence: number | null,
  by: string,
  state = stateOfError(stopError({ cancel })),
): void {
  const closed = attemptOutcome(lostFailure.reason);
  const facts = { job, fence, state, chargeNano: 0n, result: null, attemptOutcome: closed, by };
  const ending = endingOf(world, facts);
  commit(world, () => settle(world, ending));
}
