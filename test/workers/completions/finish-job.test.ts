import { expect, test } from 'vitest';
import type { JobEnding, JobRequeue } from '../../../src/shared/jobs/sql/settle-jobs.ts';
import type { Decision } from '../../../src/workers/completions/decide-run.ts';
import { decideRun } from '../../../src/workers/completions/decide-run.ts';
import { finishJob } from '../../../src/workers/completions/finish-job.ts';
import { aClaimedJob, aCompletion, aFailure, aTarget } from './claimed-job.ts';

const [target, next] = [aTarget(), aTarget({ provider: 'google', model: 'google/b' })];
const job = aClaimedJob({
  attempts: 3,
  target,
  targets: [target, next],
  announces: 'job',
  webhookUrl: 'https://a.example',
});
const decisionOf = (answer: Parameters<typeof decideRun>[0]['answer']) =>
  decideRun({ job, answer, isCancelled: false, outputWasSent: false }, 0.5);

/** Finishes the job with a ledger that says whether the job is still ours; every write is made twice. */
async function finish(decision: Decision, isOurs = true) {
  const endings: JobEnding[] = [];
  const requeues: JobRequeue[] = [];
  const deps = {
    ledger: {
      settleJob: async (ending: JobEnding) => endings.push(ending) > 0 && isOurs,
      requeueJob: async (requeue: JobRequeue) => requeues.push(requeue) > 0 && isOurs,
    },
    persist: async <Result>(write: () => Promise<Result>) => {
      await write();
      return write();
    },
  };
  return { finish: (await finishJob(deps, job, decision, 7)).kind, endings, requeues };
}

test('a settlement has the fence of the attempt, and the event after the last one written', async () => {
  const { finish: came, endings, requeues } = await finish(decisionOf(aCompletion()));
  expect(came).toBe('settled');
  expect(endings[0]).toMatchObject({
    jobId: 'job_1',
    fence: 3,
    eventSeq: 8,
    state: 'succeeded',
    charge: { amountNano: 200_000n },
    attempt: { outcome: 'succeeded' },
    event: { eventType: 'job.succeeded', webhookUrl: 'https://a.example' },
  });
  expect(requeues).toEqual([]);
});

test('a write that is repeated is the same, byte for byte', async () => {
  const { endings } = await finish(decisionOf(aCompletion()));
  expect(endings).toHaveLength(2);
  expect(endings[1]).toEqual(endings[0]);
});

test('a job that is requeued waits for the target that was decided, and keeps its last event', async () => {
  const { finish: came, endings, requeues } = await finish(decisionOf(aFailure()));
  expect(came).toBe('requeued');
  expect(requeues[0]).toMatchObject({
    jobId: 'job_1',
    fence: 3,
    provider: 'google',
    targetModel: 'google/b',
    target: 1,
    counts: true,
    eventSeq: 7,
    attempt: { outcome: 'failed' },
  });
  expect(endings).toEqual([]);
});

test('a run that lost its job writes nothing', async () => {
  expect(await finish({ kind: 'drop' })).toEqual({ finish: 'dropped', endings: [], requeues: [] });
});

test.each([decisionOf(aCompletion()), decisionOf(aFailure())])(
  'a late one, which changed nothing, is dropped ($kind)',
  async (decision) => {
    expect((await finish(decision, false)).finish).toBe('dropped');
  },
);
