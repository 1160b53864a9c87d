import type { UpstreamConfig } from '../../shared/catalogue/load-models.ts';
import { noProxy, type ProxySettings } from '../../shared/platform/outgoing/proxy-for.ts';
import type { Provider } from './provider.ts';
import { createProvider } from './registry.ts';

/**
 * A stream that has begun and is silent for longer is dead; a model may think for minutes before its first
 * word.
 */
const idleTimeoutMs = 120_000;
const thinkingTimeoutMs = 600_000;
const answerBytesMax = 128 * 1024 * 1024;

/**
 * Opens every upstream this process may call. A call as a whole takes as long as its job's deadline lets it.
 */
export function openProviders(providers: UpstreamConfig[], proxy: ProxySettings): Map<string, Provider> {
  return new Map(
    providers.map(({ name, kind, baseUrl, apiKey, simulated, quirks }) => [
      name,
      createProvider(
        kind,
        {
          name,
          baseUrl,
          apiKey,
          // The simulator is on this machine, where no proxy leads.
          proxy: simulated ? noProxy : proxy,
          headersTimeoutMs: thinkingTimeoutMs,
          idleTimeoutMs,
          thinkingTimeoutMs,
          answerBytesMax,
        },
        quirks,
      ),
    ]),
  );
}
