import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { CatalogueError, loadCatalogue } from '../../../src/shared/catalogue/catalogue.ts';
import overrides from '../../../src/shared/catalogue/overrides.json' with { type: 'json' };

const catalogue = loadCatalogue();
const example = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../examples/${name}.example.json`, import.meta.url), 'utf8'));

function problems(files: { modelsFile?: unknown; providersFile?: unknown }): string[] {
  try {
    loadCatalogue(files);
  } catch (error) {
    if (error instanceof CatalogueError) return error.problems;
    throw error;
  }
  return [];
}

describe('the built-in catalogue', () => {
  test.each([
    ['openai/gpt-5-mini', 'openai/gpt-5-mini'],
    ['gpt-5-mini', 'openai/gpt-5-mini'],
    ['gpt-3.5-turbo', 'openai/gpt-4o-mini'],
    ['gpt-4', 'openai/gpt-4.1'],
    ['openai/gpt-4', 'openai/gpt-4.1'],
    ['claude-3', 'anthropic/claude-haiku-4-5'],
    ['gemini-1.5-pro', 'google/gemini-2.5-pro'],
    ['gpt-5.6', 'openai/gpt-5.6-sol'],
  ])('finds %s as %s', (name, id) => {
    expect(catalogue.find(name)?.id).toBe(id);
  });

  test.each([
    ['gpt-5.3-codex', 'responses'],
    ['gpt-5.1-codex-mini', 'responses'],
    ['gpt-5-pro-2025-10-06', 'responses'],
    ['gpt-5.4', 'responses'],
    ['gpt-5.4-mini-2026-03-17', 'responses'],
    ['gpt-5.6', 'responses'],
    ['gpt-6.1-sol', 'responses'],
    ['gpt-5.2', undefined],
    ['gpt-5-mini', undefined],
    ['gpt-5.2-chat-latest', undefined],
    ['gpt-4.1', undefined],
    ['o3', undefined],
    ['claude-opus-4-5', undefined],
    ['gemini-2.5-pro', undefined],
  ])('asks %s through the API %s', (name, api) => {
    expect(catalogue.find(name)?.api).toBe(api);
  });

  it('keeps a pinned snapshot pinned', () => {
    expect(catalogue.find('gpt-4o-2024-08-06')).toMatchObject({
      id: 'openai/gpt-4o-2024-08-06',
      upstreamModel: 'gpt-4o-2024-08-06',
    });
  });

  test.each(['gpt-unknown', '', 'openai/', 'google/gpt-5-mini', 'gemini-3-pro-preview'])(
    'does not know %j',
    (name) => {
      expect(catalogue.find(name)).toBeNull();
    },
  );

  it('holds the prices of the maintained source, exactly, in nano-USD per million tokens', () => {
    expect(catalogue.find('gpt-5-nano')?.prices).toEqual({
      input: 50_000_000n,
      output: 400_000_000n,
      cachedInput: 5_000_000n,
      cacheWrite: 50_000_000n,
      cacheWriteHour: 50_000_000n,
    });
    expect(catalogue.find('claude-haiku-4-5')?.prices).toMatchObject({
      cacheWrite: 1_250_000_000n,
      cacheWriteHour: 2_000_000_000n,
    });
    expect(catalogue.find('gemini-2.5-pro')?.prices.longContext).toMatchObject({
      aboveInputTokens: 200_000,
      input: 2_500_000_000n,
      output: 15_000_000_000n,
    });
  });

  it('does not use an announced price before its day', () => {
    expect(catalogue.find('gemini-3.8-flash')?.prices.input).toBe(750_000_000n);
  });

  test.each(catalogue.list())('$id can be priced and bounded', (model) => {
    const rows = [model.prices, ...(model.prices.longContext ? [model.prices.longContext] : [])];
    for (const rates of rows) {
      expect(rates.input).toBeGreaterThan(0n);
      expect(rates.output).toBeGreaterThanOrEqual(rates.input);
      expect(rates.cachedInput).toBeLessThanOrEqual(rates.input);
      expect(rates.cacheWrite).toBeGreaterThanOrEqual(rates.input);
    }
    expect(model.defaultMaxOutputTokens).toBeLessThanOrEqual(16_384);
    expect(model.maxOutputTokens).toBeLessThanOrEqual(model.contextWindow);
    expect(model.priceVersion).toMatch(/^[0-9a-f]{12}$/);
    expect(catalogue.find(model.id)).toBe(model);
  });

  it('offers every model of overrides.json that is still served, once', () => {
    const served = overrides.models.filter(({ status }) => !status.startsWith('retired'));
    expect(served.length).toBe(58);
    for (const { id } of served) expect(catalogue.find(id)?.id).toBe(id);
    const ids = catalogue.list().map((model) => model.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is what the refresh script makes of its sources', async () => {
    const run = promisify(execFile)(process.execPath, ['scripts/refresh-catalogue.mjs', '--check']);
    await expect(run).resolves.toMatchObject({ stdout: expect.stringMatching(/^\d+ models, prices as of /) });
  });
});

describe('MODELS_FILE', () => {
  const loaded = loadCatalogue({ modelsFile: example('models') });

  it('overrides a known model and keeps what it does not mention', () => {
    const known = catalogue.find('openai/gpt-5-mini');
    const changed = loaded.find('house-default');
    expect(changed).toMatchObject({ id: 'openai/gpt-5-mini', maxOutputTokens: known?.maxOutputTokens });
    expect(changed?.prices.output).toBe(2_400_000_000n);
    expect(changed?.priceVersion).toMatch(/^file-[0-9a-f]{12}$/);
  });

  it('adds a model of a known provider', () => {
    expect(loaded.find('claude-next')).toMatchObject({
      id: 'anthropic/claude-next',
      kind: 'anthropic',
      upstreamModel: 'claude-next-20270101',
      defaultMaxOutputTokens: 16_384,
      tokenizer: 'anthropic-newer',
      imageTokens: { kind: 'fixed', tokens: 4_784 },
    });
    expect(loaded.find('claude-next')?.prices.longContext?.output).toBe(15_000_000_000n);
  });

  it('drops the long-context step of prices it replaces', () => {
    const modelsFile = { models: [{ id: 'openai/gpt-5.4', usd_per_mtok: { input: 1, output: 2 } }] };
    expect(loadCatalogue({ modelsFile }).find('gpt-5.4')?.prices).not.toHaveProperty('longContext');
  });

  const facts = { context_window: 1000, max_output_tokens: 100 };
  const priced = { ...facts, usd_per_mtok: { input: 1, output: 2 } };

  test.each<[id: string, model: Record<string, unknown>, api: string | undefined]>([
    ['openai/o9-pro', priced, 'responses'],
    ['openai/gpt-7', priced, 'responses'],
    ['openai/codex-mini-latest', priced, 'responses'],
    ['openai/o9', priced, undefined],
    ['openai/gpt-4o-search-preview', priced, 'chat'],
    ['openai/gpt-5-search-api', priced, 'chat'],
    ['openai/gpt-audio', priced, 'chat'],
    ['openai/house', { ...priced, upstream_model: 'gpt-5.5' }, 'responses'],
    ['openai/o9', { ...priced, api: 'responses' }, 'responses'],
    ['openai/gpt-5.4', { api: 'chat' }, 'chat'],
    ['openai/gpt-5.4', { upstream_model: 'gpt-5.4-2026-03-05' }, 'responses'],
    ['openai/gpt-5.4', { upstream_model: 'gpt-4.1' }, undefined],
    ['openai/gpt-5-mini', { api: 'responses' }, 'responses'],
    ['anthropic/claude-pro', priced, undefined],
  ])('asks %s with %j through the API %s', (id, model, api) => {
    const loadedWith = loadCatalogue({ modelsFile: { models: [{ id, ...model }] } });
    expect(loadedWith.find(id)?.api).toBe(api);
  });

  test.each<[string, unknown, string]>([
    [
      'a new model without a price',
      { id: 'openai/x', ...facts },
      'MODELS_FILE: models.0.usd_per_mtok: has no price',
    ],
    [
      'a new model without limits',
      { id: 'openai/x', usd_per_mtok: { input: '1', output: '2' } },
      'MODELS_FILE: models.0.context_window: is missing',
    ],
    [
      'a price without an output',
      { id: 'openai/gpt-5', usd_per_mtok: { input: '1' } },
      'models.0.usd_per_mtok.output: write the USD price per 1,000,000 tokens',
    ],
    [
      'a price finer than nano-USD',
      { id: 'openai/gpt-5', usd_per_mtok: { input: '0.0000000001', output: '1' } },
      'models.0.usd_per_mtok.input: is not a price',
    ],
    [
      'a negative price',
      { id: 'openai/gpt-5', usd_per_mtok: { input: -1, output: 1 } },
      'usd_per_mtok.input',
    ],
    [
      'an unknown provider',
      { id: 'nobody/x', ...facts },
      'there is no provider nobody; add it with PROVIDERS_FILE',
    ],
    ['a misspelt field', { id: 'openai/gpt-5', max_output: 1 }, 'models.0: Unrecognized key: "max_output"'],
    ['a name without a provider', { id: 'gpt-5' }, 'models.0.id: is not provider/model'],
    [
      'a default above 16,384',
      { id: 'openai/gpt-5', default_max_output_tokens: 20_000 },
      'default_max_output_tokens',
    ],
    [
      'an output above the context',
      { id: 'openai/gpt-5', max_output_tokens: 500_000 },
      'max_output_tokens is more',
    ],
    [
      'an API of OpenAI for a model of another provider',
      { id: 'anthropic/claude-haiku-4-5', api: 'responses' },
      'anthropic/claude-haiku-4-5: only models of openai have the api "responses"',
    ],
    ['an API that there is not', { id: 'openai/gpt-5', api: 'messages' }, 'MODELS_FILE: models.0.api'],
    [
      'a cached price above the input price',
      { id: 'openai/gpt-5', usd_per_mtok: { input: 1, output: 2, cached_input: 3 } },
      'cached_input is dearer',
    ],
  ])('is refused for %s, with the path and the fix', (_what, model, message) => {
    expect(problems({ modelsFile: { models: [model] } }).join('\n')).toContain(message);
  });

  it('reports all its problems together', () => {
    const models = [{ id: 'openai/x' }, { id: 'nobody/y' }, { id: 'openai/x' }];
    expect(problems({ modelsFile: { models } }).length).toBeGreaterThanOrEqual(5);
  });
});

describe('PROVIDERS_FILE', () => {
  const loaded = loadCatalogue({ providersFile: example('providers') });

  it('adds upstreams with where they are, the name of their key, limits and quirks', () => {
    expect(loaded.providers()).toEqual([
      {
        name: 'ollama',
        baseUrl: 'http://127.0.0.1:11434/v1',
        apiKeyEnv: null,
        quirks: {},
        limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: 2 },
      },
      {
        name: 'groq',
        baseUrl: 'https://api.groq.com/openai/v1',
        apiKeyEnv: 'GROQ_API_KEY',
        quirks: { reasoning_content: false },
        limits: { requestsPerMinute: 30, tokensPerMinute: 12_000, maxConcurrency: 8 },
      },
      {
        name: 'azure',
        baseUrl: 'https://example.openai.azure.com/openai/v1',
        apiKeyEnv: 'AZURE_OPENAI_API_KEY',
        quirks: { max_completion_tokens: true, developer_role: true, content_parts: true },
        limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null },
      },
    ]);
  });

  it('adds their models, free only because a zero is written', () => {
    expect(loaded.find('ollama/llama3.2:3b')).toMatchObject({
      kind: 'compatible',
      prices: { input: 0n, output: 0n },
    });
    expect(loaded.find('llama-3.3')?.id).toBe('groq/llama-3.3-70b-versatile');
  });

  const provider = (more: object, model: object = {}) => ({
    providers: [
      {
        name: 'mine',
        base_url: 'http://localhost:8000/v1',
        models: [
          {
            model: 'm',
            usd_per_mtok: { input: 0, output: 0 },
            context_window: 1000,
            max_output_tokens: 100,
            ...model,
          },
        ],
        ...more,
      },
    ],
  });

  it('never takes a name away from a built-in model', () => {
    const files = { providersFile: provider({}, { model: 'gpt-5', aliases: ['gpt-4'] }) };
    expect(loadCatalogue(files).find('gpt-5')?.id).toBe('openai/gpt-5');
    expect(loadCatalogue(files).find('gpt-4')?.id).toBe('openai/gpt-4.1');
    expect(loadCatalogue(files).find('mine/gpt-5')?.id).toBe('mine/gpt-5');
  });

  it('may be overridden by MODELS_FILE', () => {
    const modelsFile = { models: [{ id: 'mine/m', usd_per_mtok: { input: '1', output: '1' } }] };
    expect(loadCatalogue({ providersFile: provider({}), modelsFile }).find('mine/m')?.prices.input).toBe(
      1_000_000_000n,
    );
  });

  test.each([
    [
      'a model without a price',
      provider({}, { usd_per_mtok: undefined }),
      'providers.0.models.0.usd_per_mtok: has no',
    ],
    ['a built-in name', provider({ name: 'openai' }), 'providers.0.name: openai is built in'],
    [
      'a key instead of its name',
      provider({ api_key_env: 'sk-secret' }),
      'providers.0.api_key_env: is not the NAME',
    ],
    [
      'a base URL that is none',
      provider({ base_url: 'localhost' }),
      'providers.0.base_url: is not an http(s) URL',
    ],
    ['no models', provider({ models: [] }), 'providers.0.models'],
  ])('is refused for %s', (_what, providersFile, message) => {
    expect(problems({ providersFile }).join('\n')).toContain(message);
  });
});
