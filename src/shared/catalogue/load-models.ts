import type { ProviderConfig } from '../platform/config/built-in-providers.ts';
import { type Config, ConfigError } from '../platform/config/config.ts';
import { type Catalogue, CatalogueError, loadCatalogue } from './catalogue.ts';
import type { Quirks } from './quirks.ts';

/** A provider, with what its server takes where PROVIDERS_FILE says so. */
export type UpstreamConfig = ProviderConfig & { quirks?: Quirks };

/** The models that can be priced, and the providers that can be called. */
export type Models = { catalogue: Catalogue; providers: UpstreamConfig[] };

/**
 * The built-in models and providers together with those of MODELS_FILE and PROVIDERS_FILE. Throws ConfigError
 * when a file is wrong or the variable it names for a key is not set.
 */
export function loadModels(config: Config): Models {
  const catalogue = readCatalogue(config);
  const mistakes: string[] = [];
  const added = catalogue.providers().map((entry): UpstreamConfig => {
    const apiKey = entry.apiKeyEnv === null ? null : (config.lookup(entry.apiKeyEnv) ?? null);
    if (entry.apiKeyEnv !== null && apiKey === null) {
      mistakes.push(`${entry.apiKeyEnv}: is not set; PROVIDERS_FILE names it as the key of ${entry.name}`);
    }
    return {
      name: entry.name,
      kind: 'compatible',
      baseUrl: entry.baseUrl,
      apiKey,
      simulated: false,
      quirks: entry.quirks,
      ...entry.limits,
    };
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { catalogue, providers: [...config.providers, ...added] };
}

function readCatalogue(config: Config): Catalogue {
  try {
    return loadCatalogue({
      ...(config.modelsFile === null ? {} : { modelsFile: config.modelsFile }),
      ...(config.providersFile === null ? {} : { providersFile: config.providersFile }),
    });
  } catch (error) {
    if (error instanceof CatalogueError) throw new ConfigError(error.problems);
    throw error;
  }
}
