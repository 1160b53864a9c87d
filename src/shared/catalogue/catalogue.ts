import type { z } from 'zod';
import { builtInModels, ownProviders } from './built-in-models.ts';
import { type FileModel, type FileProvider, modelsFileSchema, providersFileSchema } from './file-schemas.ts';
import { type FileFacts, missingFacts, newModel, overrideModel } from './merge-models.ts';
import type { ModelEntry } from './model.ts';
import type { Quirks } from './quirks.ts';

/** An OpenAI-compatible upstream from PROVIDERS_FILE. */
export type ProviderEntry = {
  name: string;
  baseUrl: string;
  /** The environment variable that holds its key; null when it needs none. */
  apiKeyEnv: string | null;
  quirks: Quirks;
  limits: { requestsPerMinute: number | null; tokensPerMinute: number | null; maxConcurrency: number | null };
};

/** Every model that can be asked for, with its prices; fixed for the life of a process. */
export type Catalogue = {
  /** The day the built-in prices were current, `YYYY-MM-DD`. */
  asOf: string;
  /** By `provider/model`, bare name or alias; null for an unknown model. */
  find(name: string): ModelEntry | null;
  list(): ModelEntry[];
  /** The upstreams PROVIDERS_FILE adds. */
  providers(): ProviderEntry[];
};

/** A models or providers file that cannot be used. Every problem names its path and what to write instead. */
export class CatalogueError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.name = 'CatalogueError';
    this.problems = problems;
  }
}

function parseFile<Shape extends z.ZodType>(name: string, shape: Shape, content: unknown): z.output<Shape> {
  const result = shape.safeParse(content);
  if (result.success) return result.data;
  throw new CatalogueError(
    result.error.issues.map((issue) => `${name}: ${issue.path.join('.') || 'the file'}: ${issue.message}`),
  );
}

type Adding = { models: Map<string, ModelEntry>; problems: string[] };

function addModel(
  adding: Adding,
  path: string,
  entry: ModelEntry | null,
  facts: FileFacts,
  make: () => ModelEntry,
) {
  if (entry !== null) {
    adding.models.set(entry.id, overrideModel(entry, facts));
    return;
  }
  const missing = missingFacts(facts);
  adding.problems.push(...missing.map((fact) => `${path}.${fact.path}: ${fact.message}`));
  if (missing.length > 0) return;
  const model = make();
  adding.models.set(model.id, model);
}

function addProvider(adding: Adding, provider: FileProvider, index: number): void {
  const path = `PROVIDERS_FILE: providers.${index}`;
  if (ownProviders.some((own) => own === provider.name)) {
    adding.problems.push(`${path}.name: ${provider.name} is built in; add its models with MODELS_FILE`);
  }
  for (const [at, { model, ...facts }] of provider.models.entries()) {
    const make = () => newModel(provider.name, 'compatible', model, facts);
    addModel(adding, `${path}.models.${at}`, null, facts, make);
  }
}

function addFileModel(
  adding: Adding,
  compatible: Set<string>,
  { id, ...facts }: FileModel,
  index: number,
): void {
  const path = `MODELS_FILE: models.${index}`;
  const slash = id.indexOf('/');
  const provider = id.slice(0, slash);
  const own = ownProviders.find((name) => name === provider);
  if (own === undefined && !compatible.has(provider)) {
    adding.problems.push(`${path}.id: there is no provider ${provider}; add it with PROVIDERS_FILE`);
    return;
  }
  const make = () => newModel(provider, own ?? 'compatible', id.slice(slash + 1), facts);
  addModel(adding, path, adding.models.get(id) ?? null, facts, make);
}

function checkLimits(model: ModelEntry): string[] {
  const { id, prices, contextWindow, maxInputTokens, maxOutputTokens } = model;
  const rates = [prices, ...(prices.longContext === undefined ? [] : [prices.longContext])];
  return [
    ...(model.api === 'responses' && model.kind !== 'openai'
      ? [`${id}: only models of openai have the api "responses"`]
      : []),
    ...(maxInputTokens > contextWindow ? [`${id}: max_input_tokens is more than context_window`] : []),
    ...(maxOutputTokens > contextWindow ? [`${id}: max_output_tokens is more than context_window`] : []),
    ...(rates.some((row) => row.cachedInput > row.input) ? [`${id}: cached_input is dearer than input`] : []),
  ];
}

/**
 * Every name → model. An id always wins; a bare name or alias goes to the first model that has it, so nothing
 * an operator adds can take a built-in name away unnoticed.
 */
function indexNames(models: ModelEntry[]): Map<string, ModelEntry> {
  const names = new Map(models.map((model) => [model.id, model]));
  for (const model of models) {
    const bare = model.id.slice(model.provider.length + 1);
    for (const name of [bare, ...model.aliases]) {
      if (!names.has(name)) names.set(name, model);
      const prefixed = `${model.provider}/${name}`;
      if (!names.has(prefixed)) names.set(prefixed, model);
    }
  }
  return names;
}

function toProviderEntry({ name, base_url, api_key_env, limits, quirks }: FileProvider): ProviderEntry {
  return {
    name,
    baseUrl: base_url,
    apiKeyEnv: api_key_env ?? null,
    quirks: quirks ?? {},
    limits: {
      requestsPerMinute: limits?.requests_per_minute ?? null,
      tokensPerMinute: limits?.tokens_per_minute ?? null,
      maxConcurrency: limits?.max_concurrency ?? null,
    },
  };
}

function duplicates(names: string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/**
 * The built-in catalogue with MODELS_FILE and PROVIDERS_FILE (both already parsed from JSON) put over it.
 * Throws `CatalogueError` with every problem found. A model without a price is refused, never free; a price
 * of zero counts only when it is written.
 */
export function loadCatalogue(files: { modelsFile?: unknown; providersFile?: unknown } = {}): Catalogue {
  const builtIn = builtInModels();
  const adding: Adding = { models: new Map(builtIn.models.map((model) => [model.id, model])), problems: [] };
  const { providers } = parseFile(
    'PROVIDERS_FILE',
    providersFileSchema,
    files.providersFile ?? { providers: [] },
  );
  const { models } = parseFile('MODELS_FILE', modelsFileSchema, files.modelsFile ?? { models: [] });
  const compatible = providers.map((provider) => provider.name);
  adding.problems.push(...duplicates(compatible).map((name) => `PROVIDERS_FILE: ${name} is there twice`));
  adding.problems.push(
    ...duplicates(models.map(({ id }) => id)).map((id) => `MODELS_FILE: ${id} is there twice`),
  );
  for (const [index, provider] of providers.entries()) addProvider(adding, provider, index);
  for (const [index, model] of models.entries()) addFileModel(adding, new Set(compatible), model, index);
  const all = [...adding.models.values()];
  adding.problems.push(...all.flatMap(checkLimits));
  if (adding.problems.length > 0) throw new CatalogueError(adding.problems);
  const names = indexNames(all);
  return {
    asOf: builtIn.asOf,
    find: (name) => names.get(name) ?? null,
    list: () => [...all],
    providers: () => providers.map(toProviderEntry),
  };
}
