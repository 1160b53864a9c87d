import type { Config, ProviderConfig } from '../../shared/config.ts';
import type { Provider } from './provider.ts';
import { createProvider } from './registry.ts';

/** Opens every upstream this process may call, with the time and size limits of the installation. */
export function openProviders(providers: ProviderConfig[], config: Config): Map<string, Provider> {
  const totalTimeoutMs = config.work.syncTimeoutSeconds * 1000;
  return new Map(
    providers.map(({ name, kind, baseUrl, apiKey }) => [
      name,
      createProvider(kind, {
        name,
        baseUrl,
        apiKey,
        headersTimeoutMs: totalTimeoutMs,
        idleTimeoutMs: Math.min(totalTimeoutMs, 120_000),
        totalTimeoutMs,
        responseBytesMax: 64 * 1024 * 1024,
      }),
    ]),
  );
}
