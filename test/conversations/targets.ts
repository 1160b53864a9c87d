import { type Catalogue, loadCatalogue } from '../../src/shared/catalogue/catalogue.ts';
import type { ModelEntry } from '../../src/shared/catalogue/model.ts';
import type { Quirks } from '../../src/shared/catalogue/quirks.ts';
import type { QuoteDeps } from '../../src/shared/jobs/submission.ts';

/** Servers with OpenAI's wire, each with what it takes. */
export const servers: Record<string, Quirks> = {
  plain: { reasoning_content: false },
  thinker: {},
  short: { tool_call_id_length: 9, reasoning_content: false },
};

const models = [
  'openai/gpt-4.1',
  'openai/gpt-5-mini',
  'openai/gpt-5.6-terra',
  'anthropic/claude-haiku-4-5',
  'anthropic/claude-opus-4-8',
  'anthropic/claude-opus-5-5',
  'google/gemini-2.5-flash',
  'google/gemini-3-flash-preview',
  ...Object.keys(servers).map((name) => `${name}/m`),
];

const facts = {
  usd_per_mtok: { input: '1', output: '1' },
  context_window: 1_000_000,
  max_output_tokens: 32_000,
  supports: { vision: true, tools: true, json_schema: true, reasoning: true },
};

const catalogue: Catalogue = loadCatalogue({
  providersFile: {
    providers: Object.entries(servers).map(([name, quirks]) => ({
      name,
      base_url: 'https://server.example/v1',
      quirks,
      models: [{ model: 'm', ...facts }],
    })),
  },
});

const providers = ['openai', 'anthropic', 'google', ...Object.keys(servers)];

export const deps: QuoteDeps = {
  catalogue,
  providers: new Map(providers.map((name) => [name, { simulated: true }])),
  webhooks: { allowPrivate: true },
};

/** One of each kind of model that a conversation may be held with. */
export const targets: ModelEntry[] = models.map((name) => {
  const found = catalogue.find(name);
  if (found === null) throw new Error(`the catalogue has no ${name}`);
  return found;
});
