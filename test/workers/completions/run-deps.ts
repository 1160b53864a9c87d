import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { JobEventWriter } from '../../../src/shared/events/event-writer.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import type { RunJobDeps } from '../../../src/workers/completions/run-job.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { aCompletion } from './claimed-job.ts';

/** The only provider, which answers so. */
export function providerOf(answer: (call: ProviderCall) => Promise<Answer>): RunJobDeps['providers'] {
  return new Map([['openai', { name: 'openai', call: answer, close: async () => undefined }]]);
}

/** A writer of events that nobody reads; the last it wrote is number 2. */
export function aWriter(change: Partial<JobEventWriter> = {}): JobEventWriter {
  const nothing = () => undefined;
  return { started: nothing, delta: nothing, passed: nothing, close: async () => 2, ...change };
}

/** What runs jobs where everything goes well and nobody looks; `change` is what the test is about. */
export function aRunner(change: Partial<RunJobDeps> = {}): RunJobDeps {
  return {
    gate: {
      admit: async () => ({ admitted: true }),
      report: async () => undefined,
    } as unknown as RunJobDeps['gate'],
    isPaused: () => false,
    answersWait: () => false,
    providers: providerOf(async () => aCompletion()),
    metrics: createMetrics(),
    ledger: { settleJob: async () => true, requeueJob: async () => true },
    persist: (write) => write(),
    random: () => 0.5,
    runs: createRuns(),
    events: { openWriter: () => aWriter(), announce: () => undefined },
    claim: async () => null,
    releaseTicket: async () => true,
    withdrawTicket: async () => true,
    owesDelivery: () => undefined,
    requeued: () => undefined,
    ...change,
  };
}
