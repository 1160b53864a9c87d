import { expect, test } from 'vitest';
import type { Produced } from '../../../src/shared/chat/call-result.ts';
import type { QuoteTarget } from '../../../src/shared/quoting/quote.ts';
import {
  chargeOf,
  costOfCall,
  mayHaveRun,
  usageOfWhole,
  usageSoFar,
} from '../../../src/workers/completions/charge-call.ts';
import { aClaimedJob, aCompletion, aFailure, aTarget, someUsage } from './claimed-job.ts';

const job = aClaimedJob();
const words = 'one two three four five six seven eight nine ten';

test('the usage of a whole answer is what the provider reported', () => {
  expect(usageOfWhole(job, aCompletion().completion, someUsage)).toEqual({
    usage: someUsage,
    estimated: false,
  });
});

test('without a report all that came out is counted: text, refusals, tool calls and reasoning', () => {
  const message = {
    role: 'assistant' as const,
    content: words,
    refusal: words,
    tool_calls: [{ id: '1', type: 'function' as const, function: { name: words, arguments: words } }],
    extra_content: { openai: { reasoning_content: words } },
  };
  const choices = [{ index: 0, message, finish_reason: 'stop' as const, logprobs: null }];
  const { usage, estimated } = usageOfWhole(job, { ...aCompletion().completion, choices }, null);
  expect(estimated).toBe(true);
  expect(usage.completionTokens).toBeGreaterThanOrEqual(50);
});

test.each<[string, Produced, number, number]>([
  ['nothing reported: our count of both', { text: words, usage: null }, 40, 11],
  ['all reported', { text: words, usage: someUsage }, 100, 50],
  [
    'the prompt reported, and text after it',
    { text: words, usage: { ...someUsage, completionTokens: 1 }, uncounted: words },
    100,
    12,
  ],
  ['more than was asked for: what was asked for', { text: '', usage: null, unreadTokens: 5000 }, 40, 1000],
  [
    'reported beyond what was asked for',
    { text: words, usage: { ...someUsage, completionTokens: 1500 }, uncounted: words },
    100,
    1500,
  ],
])('the usage of a call that ended early, %s', (_what, produced, promptTokens, completionTokens) => {
  expect(usageSoFar(job, produced)).toMatchObject({
    usage: { promptTokens, completionTokens },
    estimated: true,
  });
});

test('without a likely count of the input its bound counts', () => {
  const { likelyInputTokens: _, ...target } = aTarget();
  const { usage } = usageSoFar(aClaimedJob({ target }), { text: '', usage: null });
  expect(usage.promptTokens).toBe(100);
});

test('an account pays at most its hold; the rest is an overrun, unless it is only our own count', () => {
  const poor = aClaimedJob({ holdNano: 150_000n });
  expect(chargeOf(poor, { usage: someUsage, estimated: false })).toMatchObject({
    amountNano: 150_000n,
    overrunNano: 50_000n,
    provider: 'openai',
    model: 'openai/a',
    priceVersion: '1',
  });
  expect(chargeOf(poor, { usage: someUsage, estimated: true })).toMatchObject({
    amountNano: 150_000n,
    overrunNano: 0n,
  });
});

test.each<[string, object, Partial<QuoteTarget>, bigint]>([
  ['by their lifetimes', { cacheWriteHourTokens: 40 }, { asksHourCache: true }, 75_000n + 80_000n + 100_000n],
  ['none for an hour', { cacheWriteHourTokens: 0 }, { asksHourCache: true }, 125_000n + 100_000n],
  ['without lifetimes: as was asked', {}, { asksHourCache: true }, 200_000n + 100_000n],
  ['without lifetimes, and not asked', {}, {}, 125_000n + 100_000n],
])('cache writes are priced %s', (_how, lifetimes, asked, costNano) => {
  const usage = { ...someUsage, cacheWriteTokens: 100, ...lifetimes };
  expect(costOfCall(aClaimedJob({ target: aTarget(asked) }), usage)).toBe(costNano);
});

test('a refused call has not run; one that was cut, or of which something came, may have', () => {
  const ran = (reason: 'failed' | 'cut', produced: Produced) =>
    mayHaveRun(aFailure({ reason }).failure, produced);
  expect(ran('failed', { text: '', usage: null })).toBe(false);
  expect(ran('cut', { text: '', usage: null })).toBe(true);
  expect(ran('failed', { text: 'a', usage: null })).toBe(true);
  expect(ran('failed', { text: '', usage: someUsage })).toBe(true);
});
