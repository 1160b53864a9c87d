import { expect, test } from 'vitest';
import type { Delta, PassedEvent } from '../../../src/shared/chat/chat.ts';
import { runClaimed } from '../../../src/workers/completions/run-claimed.ts';
import { aClaimedJob, aCompletion } from './claimed-job.ts';
import { aRunner, aWriter, providerOf } from './run-deps.ts';

const pass = { provider: 'openai', model: 'openai/a', tokens: 1, slot: 'job_1_0', rank: 1 };
const text: Delta = { kind: 'text', choice: 0, text: 'hello' };
const event: PassedEvent = { dialect: 'messages', event: { type: 'message_start' } };

test('a reader in this process has the output as it comes, beside those who follow the events', async () => {
  const written: unknown[] = [];
  const read: unknown[] = [];
  const deps = aRunner({
    providers: providerOf(async ({ onDelta, onPassed }) => {
      onDelta(text);
      onPassed?.(event);
      return aCompletion();
    }),
    events: {
      openWriter: () => aWriter({ delta: (one) => written.push(one), passed: (one) => written.push(one) }),
      announce: () => undefined,
    },
  });
  const reader = {
    onDelta: (delta: Delta) => read.push(delta),
    onPassed: (one: PassedEvent) => read.push(one),
  };
  const finish = await runClaimed(deps, aClaimedJob({ stream: true }), pass, reader);
  expect(read).toEqual([text, event]);
  expect(written).toEqual([text, event]);
  expect(finish).toMatchObject({ kind: 'settled', ending: { jobId: 'job_1', state: 'succeeded', fence: 1 } });
});
