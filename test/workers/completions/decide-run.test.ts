import { expect, test } from 'vitest';
import type { Answer, StopReason } from '../../../src/shared/chat/call-result.ts';
import { decideRun, type EndedCall } from '../../../src/workers/completions/decide-run.ts';
import { aClaimedJob, aCompletion, aFailure, aTarget, nothingProduced, someUsage } from './claimed-job.ts';

const decide = (answer: Answer, change: Partial<EndedCall> = {}) =>
  decideRun({ job: aClaimedJob(), answer, isCancelled: false, outputWasSent: false, ...change }, 0.5);

const stoppedBy = (reason: StopReason): Answer => ({
  kind: 'stopped',
  reason,
  produced: { text: 'one two', usage: null },
});
const tooLarge: Answer = {
  kind: 'stopped',
  reason: 'limit',
  limit: 'the answer was larger than allowed',
  produced: { text: '', usage: someUsage },
};

const succeeded = { kind: 'settle', state: 'succeeded', error: null, charge: { amountNano: 200_000n } };
const cancelled = { kind: 'settle', state: 'cancelled', error: { type: 'cancelled' } };

test.each<[string, Answer, Partial<EndedCall>, object]>([
  ['a whole answer', aCompletion(), {}, succeeded],
  ['a whole answer of a job that was cancelled', aCompletion(), { isCancelled: true }, cancelled],
  [
    'a refusal of a job that was cancelled',
    aFailure(),
    { isCancelled: true },
    { ...cancelled, charge: null },
  ],
  [
    'a call that was cut, of a job that was cancelled',
    aFailure({ reason: 'cut' }),
    { isCancelled: true },
    { ...cancelled, charge: { estimated: true } },
  ],
  ['a failure with tries left', aFailure(), {}, { kind: 'requeue', target: 0, counts: true }],
  [
    'a failure, its output read by a client',
    aFailure(),
    { outputWasSent: true },
    { kind: 'settle', state: 'failed', error: { type: 'provider_failed' }, charge: null },
  ],
  ['a throttle', aFailure({ reason: 'throttled' }), {}, { kind: 'requeue', counts: false }],
  [
    'a refusal of the request',
    aFailure({ reason: 'rejected' }),
    {},
    { kind: 'settle', state: 'failed', error: { type: 'provider_rejected' }, charge: null, result: null },
  ],
  ['a stop because another process has the job', stoppedBy('lost'), {}, { kind: 'drop' }],
  [
    'a stop because it was cancelled',
    stoppedBy('cancelled'),
    {},
    { ...cancelled, charge: { estimated: true } },
  ],
  [
    'a stop at the deadline',
    stoppedBy('expired'),
    {},
    { kind: 'settle', state: 'expired', error: { type: 'expired' }, charge: { estimated: true } },
  ],
  [
    'a stop because the process closes',
    stoppedBy('shutdown'),
    {},
    { kind: 'requeue', target: 0, delayMs: 0, counts: false },
  ],
  [
    'the same, when a client has read some of the output',
    stoppedBy('shutdown'),
    { outputWasSent: true },
    { kind: 'settle', state: 'failed', error: { type: 'outcome_unknown' }, charge: null },
  ],
  [
    'an answer beyond a limit of ours',
    tooLarge,
    {},
    {
      kind: 'settle',
      state: 'failed',
      error: { type: 'outcome_unknown', message: 'The answer was larger than allowed' },
      charge: { amountNano: 200_000n },
    },
  ],
  ['the same, of a job that was cancelled', tooLarge, { isCancelled: true }, cancelled],
])('%s', (_what, answer, change, expected) => {
  expect(decide(answer, change)).toMatchObject(expected);
});

test('a job that has a fallback goes on there', () => {
  const [target, next] = [aTarget(), aTarget({ provider: 'google', model: 'google/b' })];
  const job = aClaimedJob({ target, targets: [target, next] });
  expect(decide(aFailure(), { job })).toMatchObject({ kind: 'requeue', target: 1, delayMs: 0 });
});

test('the result is the completion with its usage, counted by us where the provider reports none', () => {
  const whole = decide(aCompletion());
  const unreported = decide(aCompletion({ usage: null }));
  const usageOf = (decision: typeof whole) =>
    decision.kind === 'settle' && JSON.parse(decision.result ?? '{}').usage;
  expect(usageOf(whole)).toMatchObject({ prompt_tokens: 100, completion_tokens: 50 });
  expect(usageOf(unreported)).toMatchObject({ prompt_tokens: 40, completion_tokens: 0 });
});

test('what the client is not shown is charged too, where the provider reports no usage', () => {
  const shown = aCompletion({ usage: null });
  const message = {
    role: 'assistant' as const,
    content: 'x',
    refusal: null,
    reasoning_content: 'a long thought',
  };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' as const }];
  const chargeOf = (answer: typeof shown) => decide(answer) as { charge: { amountNano: bigint } };
  const hidden = chargeOf({ ...shown, billed: { ...shown.completion, choices } });
  expect(hidden.charge.amountNano).toBeGreaterThan(chargeOf(shown).charge.amountNano);
});

test('what was stopped before it produced anything is still charged its input', () => {
  const decision = decide({ kind: 'stopped', reason: 'cancelled', produced: nothingProduced });
  expect(decision).toMatchObject({ charge: { amountNano: 40_000n, estimated: true } });
});
