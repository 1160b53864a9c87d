import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { loadCatalogue } from '../../../src/shared/catalogue/catalogue.ts';
import type { ModelEntry } from '../../../src/shared/catalogue/model.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { priceUsage } from '../../../src/shared/money/rules/price.ts';
import { type Quote, quote } from '../../../src/shared/quoting/quote.ts';
import { someModel } from './models.ts';

const ask = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'openai/some',
  messages: [{ role: 'user', content: 'hello' }],
  ...more,
});

function quoted(request: ChatRequest, targets: ModelEntry[], defaultMaxOutputTokens?: number): Quote {
  const result = quote({ request, targets, ...(defaultMaxOutputTokens ? { defaultMaxOutputTokens } : {}) });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.quote;
}

function refused(request: ChatRequest, targets: ModelEntry[]) {
  const result = quote({ request, targets });
  return result.ok ? [] : result.problems.map((problem) => problem.param);
}

const nano = 1_000_000_000n;
const model = someModel();

describe('a hold', () => {
  it('is the dearest input rate times the bound plus output times its maximum', () => {
    const { holdNanoUsd, inputTokens, maxOutputTokens } = quoted(ask({ max_tokens: 100 }), [model]);
    expect(maxOutputTokens).toBe(100);
    expect(holdNanoUsd).toBe(BigInt(inputTokens) * 1_250n + 100n * 5_000n);
  });

  it('holds the maximum output once for each choice', () => {
    const one = quoted(ask({ max_tokens: 100 }), [model]);
    const three = quoted(ask({ max_tokens: 100, n: 3 }), [model]);
    expect(three.holdNanoUsd - one.holdNanoUsd).toBe(200n * 5_000n);
    expect(three.maxOutputTokens).toBe(100);
  });

  it('is the dearest over the model and its fallbacks', () => {
    const dear = someModel({ id: 'openai/dear', prices: { ...model.prices, output: 50n * nano } });
    const both = quoted(ask({ max_tokens: 100 }), [model, dear]);
    expect(both.holdNanoUsd).toBe(quoted(ask({ max_tokens: 100 }), [dear]).holdNanoUsd);
    expect(both.targets.map((target) => target.model)).toEqual(['openai/some', 'openai/dear']);
  });

  it('has room for the least output that the Responses API takes', () => {
    const least = someModel({ api: 'responses' });
    expect(quoted(ask({ max_tokens: 5 }), [least]).targets).toMatchObject([
      { maxOutputTokens: 16, api: 'responses' },
    ]);
    expect(quoted(ask({ max_tokens: 17 }), [least]).maxOutputTokens).toBe(17);
    expect(quoted(ask({ max_tokens: 5 }), [model]).maxOutputTokens).toBe(5);
  });

  it('fixes the price version, the upstream name and the output bound of each target', () => {
    const [target] = quoted(ask({ max_tokens: 100 }), [model]).targets;
    expect(target).toMatchObject({ upstreamModel: 'some', priceVersion: 'test', maxOutputTokens: 100 });
  });

  describe('with a long-context step', () => {
    const step = { ...model.prices, input: 2n * nano, cacheWrite: 2n * nano, output: 10n * nano };
    const stepped = (aboveInputTokens: number) =>
      someModel({ prices: { ...model.prices, longContext: { ...step, aboveInputTokens } } });
    const { inputTokens } = quoted(ask(), [model]);

    test.each([
      ['above the threshold', inputTokens - 1, true],
      ['within 10 % below it', inputTokens + 3, true],
      ['well below it', inputTokens * 2, false],
    ])('%s', (_where, threshold, isLong) => {
      const { holdNanoUsd } = quoted(ask({ max_tokens: 100 }), [stepped(threshold)]);
      const [input, output] = isLong ? [2_000n, 10_000n] : [1_250n, 5_000n];
      expect(holdNanoUsd).toBe(BigInt(inputTokens) * input + 100n * output);
    });
  });

  it("holds the one-hour price of cache writes when a block asks for Anthropic's one-hour cache", () => {
    const extra_content = { anthropic: { cache_control: { type: 'ephemeral', ttl: '1h' } } };
    const request = ask({ messages: [{ role: 'user', content: 'hello', extra_content }], max_tokens: 1 });
    const { holdNanoUsd, inputTokens, targets } = quoted(request, [model]);
    expect(holdNanoUsd).toBe(BigInt(inputTokens) * 2_000n + 5_000n);
    expect(targets[0]).toMatchObject({ asksHourCache: true, prices: model.prices });
    expect(quoted(ask(), [model]).targets[0]?.asksHourCache).toBe(false);
  });

  const reasons: [string, boolean, Partial<ChatRequest>, boolean][] = [
    ['a model that reasons', true, {}, true],
    ['one that is told not to', true, { reasoning_effort: 'none' }, false],
    ['one that does not', false, {}, false],
    ['one that is asked to', false, { reasoning_effort: 'low' }, true],
    ['one that is given an effort alone', false, { reasoning_effort: 'low', effort_alone: true }, false],
    ['one that may choose', false, { reasoning_effort: 'high', thinking_adaptive: true }, false],
    ['one that reasons and may choose', true, { reasoning_effort: 'high', thinking_adaptive: true }, true],
  ];
  test.each(reasons)('says whether tokens may be hidden: %s', (_who, reasoning, asked, expected) => {
    const entry = someModel({ supports: { ...model.supports, reasoning } });
    const [target] = quoted(ask(asked), [entry]).targets;
    expect([target?.reasons, target?.neverReasons]).toEqual([expected, reasoning ? undefined : true]);
  });

  it('counts the prompt as it likely is, which is never more than its bound', () => {
    const { inputTokens, targets } = quoted(ask(), [model]);
    expect(targets[0]?.likelyInputTokens).toBe(9);
    expect(inputTokens).toBeGreaterThan(9);
  });

  it('covers what any usage within its bounds costs, on every model of the catalogue', () => {
    const models = loadCatalogue().list();
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const length = fc.oneof(fc.nat(50), fc.integer({ min: 20_000, max: 1_500_000 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        length,
        fc.integer({ min: 1, max: 8 }),
        fc.tuple(share, share, share, share),
        (entry, letters, n, [prompt, completion, cached, written]) => {
          const messages = [{ role: 'user' as const, content: 'a b c '.repeat(letters / 6) }];
          const result = quote({ request: ask({ messages, n }), targets: [entry] });
          if (!result.ok) return;
          const { holdNanoUsd, inputTokens, targets } = result.quote;
          const [target] = targets;
          if (target === undefined) throw new Error('no target');
          const promptTokens = Math.floor(inputTokens * prompt);
          const cachedTokens = Math.floor(promptTokens * cached);
          const cost = priceUsage(target.prices, {
            promptTokens,
            completionTokens: Math.floor(n * target.maxOutputTokens * completion),
            cachedTokens,
            cacheWriteTokens: Math.floor((promptTokens - cachedTokens) * written),
            reasoningTokens: 0,
          });
          expect(cost).toBeLessThanOrEqual(holdNanoUsd);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the output bound', () => {
  test.each([
    ['is the caller’s max_tokens', { max_tokens: 7 }, undefined, 7],
    ['is the caller’s max_completion_tokens', { max_completion_tokens: 8 }, undefined, 8],
    ['may be given twice if both agree', { max_tokens: 9, max_completion_tokens: 9 }, undefined, 9],
    ['is the model’s default when not given', {}, undefined, 16_384],
    ['is the account’s default before the model’s', {}, 500, 500],
    ['is never above what the model can write', {}, 90_000, 20_000],
    ['is the caller’s before the account’s', { max_tokens: 7 }, 500, 7],
  ] as const)('%s', (_promise, more, accountDefault, expected) => {
    expect(quoted(ask(more), [model], accountDefault).maxOutputTokens).toBe(expected);
  });

  it('shrinks to what a long prompt leaves of the context when nobody named one', () => {
    const content = 'word '.repeat(95_000);
    const small = someModel({ contextWindow: 100_000 });
    const { maxOutputTokens } = quoted(ask({ messages: [{ role: 'user', content }] }), [small]);
    expect(maxOutputTokens).toBeLessThan(6_000);
    expect(maxOutputTokens).toBeGreaterThanOrEqual(256);
  });
});

describe('a quote is refused, with the field at fault,', () => {
  test.each<[string, Partial<ChatRequest>, string[]]>([
    ['when the two maxima differ', { max_tokens: 1, max_completion_tokens: 2 }, ['max_completion_tokens']],
    ['when max_tokens is above the model’s', { max_tokens: 20_001 }, ['max_tokens']],
    ['when max_completion_tokens is above it', { max_completion_tokens: 20_001 }, ['max_completion_tokens']],
    [
      'when the prompt cannot fit',
      { messages: [{ role: 'user', content: 'word '.repeat(200_000) }] },
      ['messages'],
    ],
  ])('%s', (_why, more, params) => {
    expect(refused(ask(more), [model])).toEqual(params);
  });

  it('when the prompt cannot fit, in the sentence by which clients of OpenAI know it', () => {
    const result = quote({
      request: ask({ messages: [{ role: 'user', content: 'word '.repeat(200_000) }] }),
      targets: [model],
    });
    const sentence =
      /^this model's maximum context length is 100000 tokens\. However, your messages resulted in \d+ tokens\..+\(context_length_exceeded\)$/;
    expect(result).toMatchObject({
      ok: false,
      problems: [{ kind: 'too_long', message: expect.stringMatching(sentence) }],
    });
  });

  it('when only a fallback cannot take it, naming the fallback', () => {
    const small = someModel({ id: 'openai/small', maxOutputTokens: 10 });
    const result = quote({ request: ask({ max_tokens: 100 }), targets: [model, small] });
    expect(result).toMatchObject({ ok: false, problems: [{ param: 'max_tokens' }] });
    expect(JSON.stringify(result)).toContain('openai/small');
  });

  it('but not when text merely talks about documents', () => {
    expect(refused(ask({ messages: [{ role: 'user', content: '{"type":"document"}' }] }), [model])).toEqual(
      [],
    );
  });

  it('but not when the prompt may just fit', () => {
    const content = 'word '.repeat(99_000);
    expect(refused(ask({ messages: [{ role: 'user', content }] }), [model])).toEqual([]);
  });
});
