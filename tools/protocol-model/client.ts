import { stateOfError, stopError } from '../../src/shared/jobs/rules/orphaned.ts';
import { moveDelivery } from '../../src/shared/webhooks/rules/transitions.ts';
import { commit, unanswered } from './commit.ts';
import { runExpress } from './express.ts';
import { persist } from './finish.ts';
import { accept } from './intake.ts';
import type { Delivery, StoredJob, Submission } from './records.ts';
import type { Steps } from './schedule.ts';
import { endingOf, settle } from './settle.ts';
import { requestCancel } from './store.ts';
import { stopRun, type Worker } from './worker.ts';
import type { World } from './world.ts';

/** What one client wants, when, and whether it changes its mind. */
export type ClientRequest = {
  atMs: number;
  /** Waits for its answer: its job is accepted by a process that may run it at once. */
  isCall: boolean;
  submission: Submission;
  cancelAfterMs: number | null;
  /** Asks once more under the same key, though it was answered. */
  repeats: boolean;
  /** Asks for the webhooks of its job again. */
  replaysAfterMs: number | null;
  /** The jobs that the replies to it named. */
  replies: Set<StoredJob>;
};

/** A client: asks until it is answered, always under the same key. */
export function* runClient(world: World, request: ClientRequest, workers: Worker[]): Steps {
  yield request.atMs;
  yield* submit(world, request, workers);
  if (request.repeats) yield* submit(world, request, workers);
  const [job] = request.replies;
  if (job === undefined) return;
  if (request.cancelAfterMs !== null) {
    yield request.cancelAfterMs;
    yield* cancelJob(world, job, workers);
  }
  if (request.replaysAfterMs === null) return;
  yield request.replaysAfterMs;
  for (const delivery of job.deliveries) commit(world, () => restart(world, delivery));
}

/** See restartDelivery: a new chain of tries with the same event and bytes. */
function restart(world: World, delivery: Delivery): void {
  const core = moveDelivery(delivery.core, { kind: 'restart' }, world.schedule.nowMs);
  if (core === null) return;
  delivery.core = core;
  delivery.notBeforeMs = 0;
}

function* submit(world: World, request: ClientRequest, workers: Worker[]): Steps {
  if (request.isCall) yield* submitCall(world, request, workers);
  else yield* submitOneJob(world, request);
}

/** A call asks one process; when that does not answer in time, it asks again like any client. */
function* submitCall(world: World, request: ClientRequest, workers: Worker[]): Steps {
  const before = request.replies.size;
  const worker = world.random.pick(workers);
  // A process that is down refuses the connection.
  if (worker.group.processes.size === 0) return yield* submitOneJob(world, request);
  world.schedule.start(worker.group, runExpress(world, request, worker, workers.length));
  yield world.random.between(1000, 4000);
  if (request.replies.size === before) yield* submitOneJob(world, request);
}

function* submitOneJob(world: World, request: ClientRequest): Steps {
  for (;;) {
    const verdict = commit(world, () => accept(world, request.submission));
    if (verdict !== unanswered && !world.meets('submissionUnanswered')) {
      if (verdict.kind === 'accepted') request.replies.add(verdict.job);
      return;
    }
    yield world.random.between(300, 3000);
  }
}

/**
 * See cancel-job: what does not run ends here and now; else the request is recorded, and a signal sent that
 * may be lost.
 */
function* cancelJob(world: World, job: StoredJob, workers: Worker[]): Steps {
  const { state } = job.core;
  yield world.random.between(1, 50);
  if (state === 'waiting' || state === 'ticketed') {
    const ending = endingOf(world, {
      job,
      fence: null,
      state: stateOfError(stopError({ cancel: true })),
      chargeNano: 0n,
      result: null,
      attemptOutcome: 'unknown',
      by: 'api',
    });
    if ((yield* persist(world, () => settle(world, ending))) === true) return;
  }
  yield* persist(world, () => requestCancel(world, job));
  if (world.random.chance(0.5)) return;
  for (const worker of workers) stopRun(world, worker, job, 'cancelled');
}
