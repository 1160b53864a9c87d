import { expect, test } from 'vitest';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import { storeTargets } from '../../../src/shared/jobs/stored-targets.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import type { Database } from '../../../src/shared/platform/postgres/database.ts';
import type { GateReport } from '../../../src/shared/queue/gate.ts';
import { startExpress } from '../../../src/workers/completions/express.ts';
import type { RunJobDeps } from '../../../src/workers/completions/run-job.ts';
import { intakeOf } from '../../support/job-intake.ts';
import { aCompletion, aTarget } from './claimed-job.ts';
import { aRunner, providerOf } from './run-deps.ts';

const call = { jobId: 'job_1', provider: 'openai', model: 'openai/a', tokens: 2 };
const intake = intakeOf({
  id: 'job_1',
  request: '{"model":"openai/a","messages":[]}',
  targets: storeTargets([aTarget()]),
});
const reader = { onDelta: () => undefined, onPassed: () => undefined };

/** Whether the database says that the job is claimed. */
let isClaimed = false;

function openExpress(
  change: Partial<RunJobDeps> = {},
  answer: () => Promise<Answer> = async () => aCompletion(),
) {
  const reports: string[] = [];
  const freed: string[] = [];
  const deps = aRunner({
    gate: {
      admit: async () => ({ admitted: true }),
      report: async (_pass: unknown, { kind }: GateReport) => void reports.push(kind),
    } as unknown as RunJobDeps['gate'],
    providers: providerOf(answer),
    ...change,
  });
  const express = startExpress({
    infra: { sql: (async () => [{ sum: 2, isClaim: isClaimed }]) as unknown as Database },
    log: createLog('silent', 'test'),
    providers: [],
    runner: { deps },
    worker: { id: 'wrk_1', concurrency: 2, leaseSeconds: 30 },
    ranOn: (name) => freed.push(name),
  });
  return { express, reports, freed };
}

test('a call that is run ends as any run does, and gives its slot back', async () => {
  const { express, reports } = openExpress();
  for (let n = 0; n < 5; n++) {
    const slot = await express.reserve(call);
    expect(slot?.claim).toEqual({ workerId: 'wrk_1', leaseMs: 30_000, capacity: 2 });
    const ending = await slot?.run(intake, reader);
    expect(ending).toMatchObject({ jobId: 'job_1', state: 'succeeded', fence: 1, eventSeq: 3 });
  }
  expect(reports).toEqual(Array(5).fill('ok'));
});

test('as many run at once as the process has slots', async () => {
  const { express, freed, reports } = openExpress();
  const slots = [await express.reserve(call), await express.reserve(call)];
  expect(await express.reserve(call)).toBeNull();
  slots[0]?.release();
  expect(reports).toEqual(['unused']);
  // Whoever released it queues now: the dispatcher has something to do.
  expect(freed).toEqual(['openai']);
  expect(await express.reserve(call)).not.toBeNull();
});

test.each<[string, Partial<RunJobDeps>]>([
  ['its provider is paused', { isPaused: () => true }],
  ['answers wait for the database', { answersWait: () => true }],
  ['this process has not its provider', { providers: new Map() }],
  [
    'the gate is shut',
    {
      gate: {
        admit: async () => ({ admitted: false, waitMs: 5, reason: 'limit' }),
      } as unknown as RunJobDeps['gate'],
    },
  ],
  [
    'the gate cannot be asked',
    {
      gate: {
        admit: () => Promise.reject(new Error('redis is away')),
        report: async () => undefined,
      } as unknown as RunJobDeps['gate'],
    },
  ],
])('a call queues when %s', async (_why, change) => {
  const { express } = openExpress(change);
  for (let n = 0; n < 3; n++) expect(await express.reserve(call)).toBeNull();
});

test.each<[string, Partial<RunJobDeps>]>([
  ['was requeued', { ledger: { settleJob: async () => true, requeueJob: async () => true } }],
  [
    'was lost to another process',
    { ledger: { settleJob: async () => false, requeueJob: async () => false } },
  ],
  ['could not be finished', { persist: () => Promise.reject(new Error('refused')) }],
])('a job that %s goes on elsewhere', async (_why, change) => {
  const { express } = openExpress(change, async () => ({
    kind: 'failed',
    failure: { reason: 'cut', status: null, code: null, message: 'cut', retryAfterMs: null },
    produced: { text: '', usage: null },
    limits: null,
  }));
  const slot = await express.reserve(call);
  expect(await slot?.run(intake, reader)).toBeNull();
});

test('one that stops takes nothing more, and waits for what runs', async () => {
  let answer: (answered: Answer) => void = () => undefined;
  const answered = new Promise<Answer>((resolve) => {
    answer = resolve;
  });
  const { express } = openExpress({}, () => answered);
  const slot = await express.reserve(call);
  const ending = slot?.run(intake, reader);
  const stopped = express.stop(60_000);
  expect(await express.reserve(call)).toBeNull();
  answer(aCompletion());
  await stopped;
  expect(await ending).toMatchObject({ state: 'succeeded' });
});

test('a claim whose answer was lost is run for nobody once it shows', async () => {
  let calls = 0;
  const { express } = openExpress({}, async () => {
    calls += 1;
    return aCompletion();
  });
  const slot = await express.reserve(call);
  const looked = slot?.runIfClaimed(intake);
  isClaimed = true;
  await looked;
  isClaimed = false;
  expect(calls).toBe(1);
});

test('one that never shows gives its slot back, and its pass', async () => {
  const { express, reports } = openExpress();
  const slot = await express.reserve(call);
  const looked = slot?.runIfClaimed(intake);
  await express.stop(60_000);
  await looked;
  expect(reports).toEqual(['unused']);
});
