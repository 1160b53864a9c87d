import { expect, test } from 'vitest';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { ClaimedJob } from '../../../src/workers/completions/claim.ts';
import { type RunJobDeps, runJob } from '../../../src/workers/completions/run-job.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import { aClaimedJob, aCompletion, aFailure } from './claimed-job.ts';
import { aRunner, aWriter, providerOf } from './run-deps.ts';

const ticket = { id: 'job_1', generation: 4, model: 'openai/a', tokens: 1, priority: 1 };

/** Runs the ticket; gives how it ended, the steps that were taken, and what still runs. */
async function runWith(
  change: { job?: ClaimedJob | null; answer?: Answer; deps?: Partial<RunJobDeps> } = {},
) {
  const { job = aClaimedJob(), answer = aCompletion() } = change;
  const steps: string[] = [];
  const note =
    <Result>(step: string, result: Result) =>
    async () => {
      steps.push(step);
      return result;
    };
  const runs = createRuns();
  const deps = aRunner({
    gate: {
      admit: note('admit', { admitted: true as const }),
      report: async (_pass: unknown, { kind }: { kind: string }) => void steps.push(`report ${kind}`),
    } as unknown as RunJobDeps['gate'],
    providers: providerOf(note('call', answer)),
    ledger: { settleJob: note('settle', true), requeueJob: note('requeue', true) },
    runs,
    events: { openWriter: () => aWriter(), announce: () => void steps.push('announce') },
    claim: note('claim', job),
    releaseTicket: note('release', true),
    withdrawTicket: note('withdraw', true),
    owesDelivery: () => void steps.push('owe'),
    requeued: () => void steps.push('requeued'),
    ...change.deps,
  });
  const end = await runJob(deps, 'openai', ticket);
  return { end, steps, running: runs.count() };
}

const gateReplies = (reason: string, waitMs: number) =>
  ({
    admit: async () => ({ admitted: false, reason, waitMs }),
    report: async () => undefined,
  }) as unknown as RunJobDeps['gate'];

test('a run takes its steps in their order, and leaves nothing running', async () => {
  const { end, steps, running } = await runWith();
  expect(steps).toEqual(['admit', 'claim', 'call', 'report ok', 'settle', 'announce']);
  expect(end).toEqual({ kind: 'ran', finish: 'settled' });
  expect(running).toBe(0);
});

test('a call that is to be made again goes back to the backlog, and watchers and dispatchers learn of it', async () => {
  const { end, steps } = await runWith({ answer: aFailure(), job: aClaimedJob({ announces: 'job' }) });
  expect(steps.slice(2)).toEqual(['call', 'report failure', 'requeue', 'announce', 'requeued']);
  expect(end).toEqual({ kind: 'ran', finish: 'requeued' });
});

test('the delivery workers are woken for a job that owes a webhook, and only then', async () => {
  expect((await runWith({ job: aClaimedJob({ announces: 'job' }) })).steps).toContain('owe');
  expect((await runWith()).steps).not.toContain('owe');
});

test('a run whose job was taken over announces nothing', async () => {
  const ledger = { settleJob: async () => false, requeueJob: async () => false };
  const { end, steps } = await runWith({ deps: { ledger } });
  expect(end).toEqual({ kind: 'ran', finish: 'dropped' });
  expect(steps).not.toContain('announce');
});

test('a void ticket calls nobody and frees the slot it had', async () => {
  const { end, steps } = await runWith({ job: null });
  expect(end).toEqual({ kind: 'void' });
  expect(steps).toEqual(['admit', 'claim', 'report unused']);
});

test('a claim that fails frees the slot it had', async () => {
  const reported: string[] = [];
  const gate = {
    admit: async () => ({ admitted: true }),
    report: async (_pass: unknown, { kind }: { kind: string }) => void reported.push(kind),
  } as unknown as RunJobDeps['gate'];
  const claim = () => Promise.reject(new Error('no database'));
  await expect(runWith({ deps: { gate, claim } })).rejects.toThrow('no database');
  expect(reported).toEqual(['unused']);
});

test('a run that fails leaves nothing running', async () => {
  const runs = createRuns();
  const persist = () => Promise.reject(new Error('no database'));
  await expect(runWith({ deps: { runs, persist } })).rejects.toThrow('no database');
  expect(runs.count()).toBe(0);
});

test.each<[string, Partial<RunJobDeps>, object, string[]]>([
  ['its provider is paused', { isPaused: () => true }, { kind: 'released' }, ['withdraw']],
  ['answers wait for the database', { answersWait: () => true }, { kind: 'wait', waitMs: 1000 }, []],
  ['a limit is over soon', { gate: gateReplies('limit', 20) }, { kind: 'wait', waitMs: 20 }, []],
  [
    'a limit is not over soon',
    { gate: gateReplies('limit', 60_000) },
    { kind: 'released' },
    ['release', 'requeued'],
  ],
  [
    'the breaker is open, and there is a fallback',
    { gate: gateReplies('breaker', 20) },
    { kind: 'released' },
    ['release', 'requeued'],
  ],
  [
    'the breaker is open, and there is none',
    { gate: gateReplies('breaker', 20), releaseTicket: async () => false },
    { kind: 'wait', waitMs: 20 },
    [],
  ],
])('a ticket is turned away when %s', async (_why, deps, expected, took) => {
  const { end, steps } = await runWith({ deps });
  expect(end).toEqual(expected);
  expect(steps).toEqual(took);
});

test('a job that was cancelled while its model went on reasoning ends cancelled, with its answer', async () => {
  const runs = createRuns();
  const endings: { state: string; result: string | null }[] = [];
  const job = aClaimedJob();
  const reasoning = { ...job, target: { ...job.target, reasons: true } };
  const call = async () => {
    runs.stop('job_1', 'cancelled');
    return aCompletion();
  };
  const provider = { name: 'openai', call, close: async () => undefined };
  const ledger = {
    settleJob: async (ending: { state: string; result: string | null }) => endings.push(ending) > 0,
    requeueJob: async () => true,
  };
  await runWith({ job: reasoning, deps: { runs, ledger, providers: new Map([['openai', provider]]) } });
  expect(endings).toMatchObject([{ state: 'cancelled', result: expect.stringContaining('chat.completion') }]);
});
