import { expect, test } from 'vitest';
import { storeTargets } from '../../../src/shared/jobs/stored-targets.ts';
import { claimedOf } from '../../../src/workers/completions/express-job.ts';
import { intakeOf } from '../../support/job-intake.ts';
import { aTarget } from './claimed-job.ts';

test('a job that was claimed where it was accepted is what its run needs: in its first attempt, before any event', () => {
  const target = aTarget();
  const intake = intakeOf({
    request: '{"model":"openai/a","messages":[],"seed":12345678901234567890}',
    targets: storeTargets([target]),
    expiresInSeconds: 60,
  });
  const claimed = claimedOf(intake);
  expect(claimed).toMatchObject({
    id: intake.id,
    ticketId: `${intake.id}_express`,
    attempts: 1,
    tries: 1,
    eventSeq: 1,
    batchId: null,
    targetIndex: 0,
    target,
    targets: [target],
    holdNano: intake.holdNano,
    request: { model: 'openai/a', messages: [] },
  });
  expect(claimed.deadlineAt.getTime() - claimed.startedAt.getTime()).toBe(60_000);
});
