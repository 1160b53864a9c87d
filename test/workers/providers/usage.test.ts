import { describe, expect, it, test } from 'vitest';
import type { Prices } from '../../../src/shared/catalogue/model.ts';
import type { Usage } from '../../../src/shared/chat/usage.ts';
import { priceUsage } from '../../../src/shared/money/rules/price.ts';
import { readAnthropicUsage } from '../../../src/workers/providers/anthropic-completion.ts';
import { readGoogleUsage } from '../../../src/workers/providers/google-completion.ts';
import { findOpenaiUsage, readOpenaiUsage } from '../../../src/workers/providers/openai-usage.ts';
import { askProvider, toFrames } from './reply-with.ts';
import { completed } from './setup.ts';

const usd = 1_000_000_000n;
/** 1 USD in, 2 out, 0.1 cached. */
const prices: Prices = {
  input: usd,
  output: 2n * usd,
  cachedInput: usd / 10n,
  cacheWrite: usd,
  cacheWriteHour: usd,
};
const cost = (usage: Usage | null) => (usage === null ? null : Number(priceUsage(prices, usage)));

describe('what servers with OpenAI’s wire report, in nano-USD', () => {
  const thousand = { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 };
  test.each<[string, object, number]>([
    [
      'OpenAI: details are parts of the whole',
      {
        ...thousand,
        prompt_tokens_details: { cached_tokens: 800 },
        completion_tokens_details: { reasoning_tokens: 8 },
      },
      300_000,
    ],
    [
      'OpenAI’s responses',
      {
        input_tokens: 1000,
        output_tokens: 10,
        total_tokens: 1010,
        input_tokens_details: { cached_tokens: 800 },
        output_tokens_details: { reasoning_tokens: 8 },
      },
      300_000,
    ],
    [
      'xAI: reasoning beside the completion',
      {
        prompt_tokens: 1000,
        completion_tokens: 900,
        total_tokens: 2700,
        completion_tokens_details: { reasoning_tokens: 800 },
      },
      4_400_000,
    ],
    [
      'xAI: more reasoning than words',
      {
        prompt_tokens: 1000,
        completion_tokens: 10,
        total_tokens: 1810,
        completion_tokens_details: { reasoning_tokens: 800 },
      },
      2_620_000,
    ],
    [
      'xAI: cached, too',
      {
        prompt_tokens: 1000,
        completion_tokens: 10,
        total_tokens: 1810,
        prompt_tokens_details: { cached_tokens: 800 },
        completion_tokens_details: { reasoning_tokens: 800 },
      },
      1_900_000,
    ],
    [
      'xAI through a proxy that leaves the total out',
      {
        prompt_tokens: 1000,
        completion_tokens: 10,
        completion_tokens_details: { reasoning_tokens: 800 },
      },
      2_620_000,
    ],
    [
      'Google’s endpoint of this wire: thoughts without a name',
      { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1810 },
      2_620_000,
    ],
    ['DeepSeek', { ...thousand, prompt_cache_hit_tokens: 800, prompt_cache_miss_tokens: 200 }, 300_000],
    [
      'DeepSeek behind a server that fills OpenAI’s field with a nought',
      { ...thousand, prompt_tokens_details: { cached_tokens: 0 }, prompt_cache_hit_tokens: 800 },
      300_000,
    ],
    ['Moonshot, Together', { ...thousand, cached_tokens: 800 }, 300_000],
    [
      'Perplexity: reasoning named at the top and in no total',
      { ...thousand, reasoning_tokens: 800, citation_tokens: 5, num_search_queries: 2 },
      2_620_000,
    ],
    ['Perplexity: reasoning at the top that is a part', { ...thousand, reasoning_tokens: 8 }, 1_020_000],
    ['vLLM, Mistral: no details', { ...thousand, prompt_tokens_details: null }, 1_020_000],
    [
      'LiteLLM: Anthropic’s names beside, the prompt whole',
      { ...thousand, cache_read_input_tokens: 800, cache_creation_input_tokens: 0 },
      300_000,
    ],
    [
      'a proxy: Anthropic’s counts, cached tokens beside the prompt',
      { input_tokens: 200, output_tokens: 10, cache_read_input_tokens: 800, cache_creation_input_tokens: 0 },
      300_000,
    ],
    [
      'a proxy: the same with a total',
      { prompt_tokens: 200, completion_tokens: 10, total_tokens: 1010, cache_read_input_tokens: 800 },
      300_000,
    ],
    [
      'OpenRouter: cost beside',
      {
        ...thousand,
        cost: 0.1,
        is_byok: false,
        prompt_tokens_details: { cached_tokens: 800, cache_write_tokens: 0 },
      },
      300_000,
    ],
    ['Ollama’s own counts', { prompt_eval_count: 1000, eval_count: 10 }, 1_020_000],
    ['a total that is too small is nobody’s count', { ...thousand, total_tokens: 3 }, 1_020_000],
    [
      'numbers as text',
      { prompt_tokens: '1000', completion_tokens: '10', total_tokens: '1010', cached_tokens: '800' },
      300_000,
    ],
    [
      'null for what is not counted',
      { ...thousand, completion_tokens_details: null, cached_tokens: null },
      1_020_000,
    ],
    ['no total', { prompt_tokens: 1000, completion_tokens: 10 }, 1_020_000],
  ])('%s', (_who, usage, nanoUsd) => {
    expect(cost(readOpenaiUsage(usage))).toBe(nanoUsd);
  });

  test.each<[string, object]>([
    ['at the top', { usage: thousand }],
    ['beside the last choice (Moonshot)', { choices: [{ index: 0, usage: thousand }] }],
    ['under x_groq (Groq)', { choices: [], x_groq: { id: 'r', usage: thousand } }],
    ['beside a null at the top', { usage: null, choices: [{ usage: thousand }] }],
    ['beside an empty one at the top', { usage: {}, x_groq: { usage: thousand } }],
    [
      'beside noughts at the top',
      { usage: { prompt_tokens: 0, completion_tokens: 0 }, x_groq: { usage: thousand } },
    ],
    ['as counts of the body (Ollama)', { prompt_eval_count: 1000, eval_count: 10 }],
  ])('is found %s', (_where, body) => {
    expect(cost(readOpenaiUsage(findOpenaiUsage(body)))).toBe(1_020_000);
  });

  it.each([
    {},
    { usage: {} },
    { usage: { prompt_tokens: 0, completion_tokens: 0 } },
    { usage: null },
    { usage: 7 },
    { choices: [{ usage: null }] },
    null,
    { eval_count: -1 },
  ])('is missing in %j', (body) => {
    expect(findOpenaiUsage(body)).toBeNull();
  });

  test.each<[string, object]>([
    ['a part greater than its whole', { ...thousand, completion_tokens_details: { reasoning_tokens: 20 } }],
    ['more cached than there was', { ...thousand, prompt_tokens_details: { cached_tokens: 1001 } }],
    ['a negative part', { ...thousand, cached_tokens: -1 }],
    ['a part of a token', { ...thousand, completion_tokens_details: { reasoning_tokens: 0.5 } }],
    ['an absurd total', { ...thousand, total_tokens: 90_000_000_000, completion_tokens: 2e9 }],
    ['only a total', { total_tokens: 1010 }],
  ])('is not believed: %s', (_what, usage) => {
    expect(readOpenaiUsage(usage)).toBeNull();
  });
});

describe('what Anthropic reports', () => {
  const claude: Prices = { ...prices, cacheWrite: (5n * usd) / 4n, cacheWriteHour: 2n * usd };
  const wrote = { input_tokens: 100, output_tokens: 10, cache_creation_input_tokens: 3000 };
  const nano = (usage: Usage | null) => (usage === null ? null : Number(priceUsage(claude, usage)));
  const hours = (minutes: number, hour: number) => ({
    cache_creation: { ephemeral_5m_input_tokens: minutes, ephemeral_1h_input_tokens: hour },
  });

  test.each<[string, object, number]>([
    ['two lives in one answer', { ...wrote, ...hours(2000, 1000) }, 100_000 + 2_500_000 + 2_000_000 + 20_000],
    ['five minutes only', { ...wrote, ...hours(3000, 0) }, 100_000 + 3_750_000 + 20_000],
    ['an hour only', { ...wrote, ...hours(0, 3000) }, 100_000 + 6_000_000 + 20_000],
    ['no sum beside them', { input_tokens: 100, output_tokens: 10, ...hours(0, 3000) }, 6_120_000],
  ])('cache writes are priced by how long they are kept: %s', (_what, usage, nanoUsd) => {
    expect(nano(readAnthropicUsage(usage))).toBe(nanoUsd);
  });

  test.each<[string, object]>([
    ['not reported', {}],
    ['null', { cache_creation: null }],
    ['not the whole', hours(1, 1)],
    ['nonsense', hours(-1, 3001)],
  ])('lifetimes that are %s leave it open', (_what, more) => {
    expect(readAnthropicUsage({ ...wrote, ...more })).not.toHaveProperty('cacheWriteHourTokens');
  });
});

describe('what Gemini reports', () => {
  const counts = { promptTokenCount: 100, candidatesTokenCount: 10 };
  test.each<[string, object, number]>([
    ['thoughts beside the answer', { ...counts, thoughtsTokenCount: 30, totalTokenCount: 140 }, 40],
    ['thoughts that only the total includes', { ...counts, totalTokenCount: 140 }, 40],
    ['no total', counts, 10],
  ])('%s', (_what, usage, completionTokens) => {
    expect(readGoogleUsage(usage, true)).toMatchObject({ promptTokens: 100, completionTokens });
  });
});

describe('usage in a stream, at what it costs', () => {
  const choices = [{ index: 0, delta: { content: 'yes' } }];
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const counted = { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 };
  const partly = { prompt_tokens: 1000, completion_tokens: 1, total_tokens: 1001 };
  const blank = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  test.each<[string, object[]]>([
    ['in a chunk of its own', [{ choices }, end, { choices: [], usage: counted }]],
    ['with the last choice', [{ choices }, { ...end, usage: counted }]],
    [
      'growing with each chunk (vLLM, xAI)',
      [
        { choices, usage: partly },
        { ...end, usage: counted },
      ],
    ],
    [
      'noughts until the end',
      [
        { choices, usage: blank },
        { ...end, usage: counted },
      ],
    ],
    ['noughts after it', [{ choices, usage: counted }, end, { choices: [], usage: blank }]],
    ['null until the end', [{ choices, usage: null }, end, { choices: [], usage: counted }]],
    ['within the choice', [{ choices }, { choices: [{ ...end.choices[0], usage: counted }] }]],
  ])('%s', async (_where, events) => {
    const { answer } = await askProvider('compatible', toFrames(events), {}, true);
    expect(cost(completed(answer).usage)).toBe(1_020_000);
  });
});
