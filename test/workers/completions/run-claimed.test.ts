import { expect, test } from 'vitest';
import type { Delta, PassedEvent } from '../../../src/shared/chat/chat.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { type RunClaimedDeps, runClaimed } from '../../../src/workers/completions/run-claimed.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { aClaimedJob, aCompletion } from './claimed-job.ts';

const pass = { provider: 'openai', model: 'openai/a', tokens: 1, slot: 'job_1_0', rank: 1 };
const text: Delta = { kind: 'text', choice: 0, text: 'hello' };
const event: PassedEvent = { dialect: 'messages', event: { type: 'message_start' } };

test('a reader in this process has the output as it comes, beside those who follow the events', async () => {
  const written: unknown[] = [];
  const read: unknown[] = [];
  const provider = {
    name: 'openai',
    call: async ({ onDelta, onPassed }: ProviderCall) => {
      onDelta(text);
      onPassed?.(event);
      return aCompletion();
    },
    close: async () => undefined,
  };
  const deps: RunClaimedDeps = {
    gate: { report: async () => undefined },
    providers: new Map([['openai', provider]]),
    metrics: createMetrics(),
    ledger: { settleJob: async () => true, requeueJob: async () => true },
    persist: (write) => write(),
    random: () => 0.5,
    runs: createRuns(),
    events: {
      openWriter: () => ({
        started: () => undefined,
        delta: (delta) => void written.push(delta),
        passed: (passed) => void written.push(passed),
        close: async () => 2,
      }),
      announce: () => undefined,
    },
    owesDelivery: () => undefined,
    requeued: () => undefined,
  };
  const reader = {
    onDelta: (delta: Delta) => read.push(delta),
    onPassed: (one: PassedEvent) => read.push(one),
  };
  const finish = await runClaimed(deps, aClaimedJob({ stream: true }), pass, reader);
  expect(read).toEqual([text, event]);
  expect(written).toEqual([text, event]);
  expect(finish).toMatchObject({ kind: 'settled', ending: { jobId: 'job_1', state: 'succeeded', fence: 1 } });
});
