import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { callWithEvents } from '../../../src/workers/completions/call-with-events.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { aClaimedJob, aCompletion } from './claimed-job.ts';

const pass = { provider: 'openai', model: 'openai/a', tokens: 1, slot: 's', rank: 1 };

/** Runs a call that sends so many deltas; gives what came of it and what was written. */
async function callOf(job: ReturnType<typeof aClaimedJob>, deltas: number) {
  const written: string[] = [];
  const opened: unknown[] = [];
  const deps = {
    gate: { report: async () => undefined },
    metrics: createMetrics(),
    providers: new Map([
      [
        'openai',
        {
          name: 'openai',
          call: async ({ onDelta }: ProviderCall) => {
            for (let n = 0; n < deltas; n += 1) onDelta({ choice: 0, text: 'a' } as never);
            return aCompletion();
          },
          close: async () => undefined,
        },
      ],
    ]),
    events: {
      openWriter: (options: unknown) => {
        opened.push(options);
        return {
          started: () => void written.push('started'),
          delta: () => void written.push('delta'),
          passed: () => void written.push('passed'),
          close: async () => {
            written.push('closed');
            return 9;
          },
        };
      },
    },
  };
  const run = createRuns().start(job);
  const called = await callWithEvents(deps, run, pass);
  run.end();
  return { called, written, opened };
}

test('the start, each delta and the end of a call are written in their order', async () => {
  const { called, written, opened } = await callOf(
    aClaimedJob({ attempts: 2, eventSeq: 5, stream: true }),
    2,
  );
  expect(written).toEqual(['started', 'delta', 'delta', 'closed']);
  expect(opened).toMatchObject([{ jobId: 'job_1', attempt: 2, lastSeq: 5, stream: true }]);
  expect(called).toMatchObject({ answer: { kind: 'completed' }, lastEventSeq: 9 });
});

test.each([
  ['a stream without a webhook that had output', { stream: true }, 1, true],
  ['a stream without output', { stream: true }, 0, false],
  ['one that nobody reads along', { stream: false }, 1, false],
  ['one whose end a webhook announces', { stream: true, announces: 'job' as const }, 1, false],
])('output was sent to a client: %s', async (_what, change, deltas, expected) => {
  const { called } = await callOf(aClaimedJob(change), deltas);
  expect(called.outputWasSent).toBe(expected);
});
