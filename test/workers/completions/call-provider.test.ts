import { expect, test } from 'vitest';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { callProvider } from '../../../src/workers/completions/call-provider.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { aClaimedJob, aCompletion, aFailure, aTarget, nothingProduced } from './claimed-job.ts';

const pass = { provider: 'openai', model: 'openai/a', tokens: 77, slot: 's', rank: 1 };

async function callOf(
  answer: Answer,
  {
    job = aClaimedJob(),
    report,
  }: { job?: ReturnType<typeof aClaimedJob>; report?: () => Promise<void> } = {},
) {
  const calls: ProviderCall[] = [];
  const reports: unknown[][] = [];
  const provider = {
    name: 'openai',
    call: async (call: ProviderCall) => {
      calls.push(call);
      return answer;
    },
    close: async () => undefined,
  };
  const deps = {
    providers: new Map([['openai', provider]]),
    gate: {
      report: async (...given: unknown[]) => {
        reports.push(given);
        await report?.();
      },
    },
    metrics: createMetrics(),
  };
  const run = createRuns().start(job);
  const came = await callProvider(deps, run, pass, { onDelta: () => undefined });
  run.end();
  return { came, calls, reports };
}

test('the call asks for the model of its target, with the bound of its hold and the name of its attempt', async () => {
  const target = aTarget({ upstreamModel: 'a-2026', maxOutputTokens: 12, reasons: true });
  const { calls } = await callOf(aCompletion(), { job: aClaimedJob({ attempts: 3, target, stream: true }) });
  expect(calls).toMatchObject([
    {
      attemptId: 'att_1_3',
      model: 'a-2026',
      maxOutputTokens: 12,
      stream: true,
      reasons: true,
      request: { model: 'openai/a' },
    },
  ]);
});

test.each<[string, Partial<ChatRequest>]>([
  ['not to reason', { reasoning_effort: 'none' }],
  ['an effort alone', { reasoning_effort: 'low', effort_alone: true }],
  [
    'to think as it likes',
    { reasoning_effort: 'high', thinking_adaptive: true, thinking_display: 'omitted' },
  ],
  ['a summary', { reasoning_summary: 'auto' }],
])('a model that cannot reason is not asked %s', async (_what, asked) => {
  const ofJob = aClaimedJob();
  const request = { ...ofJob.request, ...asked };
  const requestTo = async (target: Parameters<typeof aTarget>[0]) => {
    const { calls } = await callOf(aCompletion(), { job: { ...ofJob, request, target: aTarget(target) } });
    return calls[0]?.request;
  };
  expect(await requestTo({ neverReasons: true })).toEqual(ofJob.request);
  expect(await requestTo({})).toEqual(request);
});

test.each<[string, Answer, object]>([
  ['a whole answer: the tokens it used', aCompletion(), { kind: 'ok', tokensUsed: 150 }],
  ['one without usage: what was reserved', aCompletion({ usage: null }), { kind: 'ok', tokensUsed: 77 }],
  ['a failure', aFailure(), { kind: 'failure' }],
  [
    'a rejected request, which says nothing of the provider',
    aFailure({ reason: 'rejected' }),
    { kind: 'neutral' },
  ],
  [
    'a throttle that says how long',
    aFailure({ reason: 'throttled', retryAfterMs: 300 }),
    { kind: 'throttled', retryAfterMs: 300 },
  ],
  ['a throttle that does not', aFailure({ reason: 'throttled' }), { kind: 'throttled', retryAfterMs: 1000 }],
  ['an empty account', aFailure({ reason: 'exhausted' }), { kind: 'throttled', retryAfterMs: 60_000 }],
  [
    'a call that we stopped',
    { kind: 'stopped', reason: 'expired', produced: nothingProduced },
    { kind: 'neutral' },
  ],
])('the gate learns of %s', async (_what, answer, report) => {
  expect((await callOf(answer)).reports).toEqual([[pass, report, null]]);
});

test('limits are reported as they stand now, and a reset beyond a minute as a minute', async () => {
  const limits = { requestsLeft: 3, tokensLeft: 0, usedUpUntilMs: Date.now() + 3_600_000 };
  const { reports } = await callOf(aCompletion({ limits }));
  expect(reports[0]?.[2]).toEqual({ requestsLeft: 3, tokensLeft: 0, usedUpMs: 60_000 });
  const past = { requestsLeft: 3, tokensLeft: 0, usedUpUntilMs: Date.now() - 1 };
  expect((await callOf(aCompletion({ limits: past }))).reports[0]?.[2]).toMatchObject({ usedUpMs: 0 });
});

test('a provider that this process does not have is unreachable: another process may have it', async () => {
  const { came, calls } = await callOf(aCompletion(), { job: aClaimedJob({ provider: 'google' }) });
  expect(came).toMatchObject({ kind: 'failed', failure: { reason: 'unreachable', retryAfterMs: 5000 } });
  expect(calls).toEqual([]);
});

test('a paid answer does not wait for a gate that does not answer', async () => {
  const answer = aCompletion();
  expect((await callOf(answer, { report: () => new Promise(() => undefined) })).came).toBe(answer);
});
