import { expect, test } from 'vitest';
import type { ClaimedJob } from '../../../src/workers/completions/claim.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import { stopReasonOf } from '../../../src/workers/providers/call-stop.ts';

const jobOf = (attempts: number, target = {}) =>
  ({ id: 'job_1', attempts, deadlineAt: new Date(Date.now() + 60_000), target }) as ClaimedJob;

test('a run that is stopped for its attempt is stopped; a newer run of the same job goes on', () => {
  const runs = createRuns();
  const newer = runs.start(jobOf(2));
  runs.stop('job_1', 'lost', 1);
  expect(newer.signal.aborted).toBe(false);
  runs.stop('job_1', 'lost', 2);
  expect(stopReasonOf(newer.signal)).toBe('lost');
  newer.end();
});

test('a newer run of a job stops the older one, which has lost it', () => {
  const runs = createRuns();
  const older = runs.start(jobOf(1));
  const newer = runs.start(jobOf(2));
  expect(stopReasonOf(older.signal)).toBe('lost');
  older.end();
  expect(runs.list()).toEqual([newer.job]);
  newer.end();
});

test('a claim that comes back after everything was stopped starts nothing', () => {
  const runs = createRuns();
  runs.stopAll('shutdown');
  const late = runs.start(jobOf(1));
  expect([late.signal.aborted, stopReasonOf(late.signal)]).toEqual([true, 'shutdown']);
  late.end();
});

test('the call of a model that reasons is read on when it is cancelled, until something else ends it', () => {
  const runs = createRuns();
  const run = runs.start(jobOf(1, { reasons: true }));
  runs.stop('job_1', 'cancelled');
  expect([run.isCancelled(), run.signal.aborted]).toEqual([true, false]);
  runs.stopAll('shutdown');
  expect([run.isCancelled(), stopReasonOf(run.signal)]).toEqual([true, 'cancelled']);
  run.end();
});

test('one of a model that does not is broken off', () => {
  const runs = createRuns();
  const run = runs.start(jobOf(1, { reasons: false }));
  runs.stop('job_1', 'cancelled');
  expect([run.isCancelled(), stopReasonOf(run.signal)]).toEqual([true, 'cancelled']);
  run.end();
});
