import { type JobCore, moveJob } from '../../src/shared/jobs/rules/transitions.ts';
import { reserve } from './money.ts';
import type { Claimed, StoredJob, Submission } from './records.ts';
import { claimJob, openJobs, replaceCore, ticketOf, toClaimed } from './store.ts';
import type { World } from './world.ts';

export type Intake = { kind: 'accepted'; job: StoredJob; claimed: Claimed | null } | { kind: 'insufficient' };

/**
 * Who would run a job where it is accepted, unless so many are in line. Each intake gives its job an id,
 * which only its repeats have.
 */
export type Express = { worker: string; capacity: number; intakeId: number };

/** See accept_jobs: the key decides first, then the funds, then whether it is claimed where it came. */
export function accept(world: World, submission: Submission, express: Express | null = null): Intake {
  const { store, schedule, guards } = world;
  const first = guards.idempotencyKey ? store.keys.get(submission.key) : undefined;
  if (first !== undefined) {
    const isTheirs = express !== null && isClaimedBy(world, first, express);
    return { kind: 'accepted', job: first, claimed: isTheirs ? toClaimed(first) : null };
  }
  if (guards.fundsCheck && submission.holdNano > submission.account.availableNano)
    return { kind: 'insufficient' };
  const core: JobCore = {
    state: 'waiting',
    generation: 0,
    attempts: 0,
    tries: 0,
    leaseUntilMs: null,
    runAtMs: schedule.nowMs,
    queuedAtMs: schedule.nowMs,
    deadlineAtMs: schedule.nowMs + submission.deadlineMs,
    cancelRequested: false,
  };
  const hasRoom = express !== null && openJobs(world).length < express.capacity;
  const job: StoredJob = {
    id: `job_${store.jobs.length + 1}`,
    submission,
    core,
    target: 0,
    hold: { remainingNano: submission.holdNano, isBatch: false, isClosed: false },
    attempts: [],
    charges: [],
    result: null,
    deliveries: [],
    ticketedAtMs: null,
    worker: null,
    intakeId: express?.intakeId ?? null,
    finishedAtMs: null,
    witness: { endings: 0, uncounted: 0, notBeforeMs: 0, leaseEndMs: 0, isCancelAsked: false },
    history: [],
  };
  reserve(submission.account, submission.holdNano);
  if (submission.account.availableNano < 0n) {
    world.violate('what is available is never negative', submission.account.id, job);
  }
  store.jobs.push(job);
  store.open.push(job);
  store.keys.set(submission.key, job);
  world.note(job, submission.key, 'accepted, deadline', core.deadlineAtMs, 'hold', submission.holdNano);
  const claimed = express !== null && hasRoom ? claimAccepted(world, job, express.worker) : null;
  return { kind: 'accepted', job, claimed };
}

/**
 * A caller who lost the answer to its commit repeats it, and learns that it has the job; unless that waited
 * in line and was claimed with a ticket since, perhaps by the same process.
 */
function isClaimedBy(world: World, job: StoredJob, express: Express): boolean {
  if (job.core.state !== 'running') return false;
  if (!world.guards.expressClaim) return true;
  if (job.intakeId !== express.intakeId || job.worker !== express.worker) return false;
  return job.core.attempts === 1 && job.ticketedAtMs === null;
}

/** What a ticket and its claim would make of it, in the statement that accepts it. */
function claimAccepted(world: World, job: StoredJob, worker: string): Claimed | null {
  const ticketed = moveJob(job.core, { kind: 'ticket' }, world.schedule.nowMs);
  if (ticketed === null) return null;
  replaceCore(world, job, ticketed);
  return claimJob(world, ticketOf(job), worker);
}
