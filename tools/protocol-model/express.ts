import { commit, unanswered } from './commit.ts';
import { accept, type Intake } from './intake.ts';
import type { StoredJob, Submission } from './records.ts';
import type { Steps } from './schedule.ts';
import { runClaimed, type Worker } from './worker.ts';
import type { World } from './world.ts';

/** How often a process repeats an intake whose answer was lost, before it gives its client up. */
const triesMax = 3;

/**
 * See submit-call and express: a process accepts a call, claims its job in the same transaction where nobody
 * is in line before it, and runs it. It may die or stand still at any step.
 */
export function* runExpress(
  world: World,
  request: { submission: Submission; replies: Set<StoredJob> },
  worker: Worker,
  workers: number,
): Steps {
  const express = {
    worker: worker.group.name,
    capacity: workers * worker.concurrency,
    intakeId: world.random.next(),
  };
  const [admittedBy = ''] = request.submission.targets;
  const verdict = yield* acceptHere(world, () => accept(world, request.submission, express));
  if (verdict === null || verdict.kind !== 'accepted') return;
  if (!world.meets('submissionUnanswered')) request.replies.add(verdict.job);
  if (verdict.claimed === null) return;
  yield world.step();
  yield* runClaimed(world, worker, verdict.claimed, admittedBy);
}

function* acceptHere(world: World, intake: () => Intake): Generator<number, Intake | null, undefined> {
  for (let tried = 1; tried <= triesMax; tried++) {
    const verdict = commit(world, intake);
    if (verdict !== unanswered) return verdict;
    yield world.random.between(100, 500);
    yield world.step();
  }
  return null;
}
