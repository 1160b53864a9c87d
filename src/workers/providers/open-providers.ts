import type { ProviderConfig } from '../../shared/config.ts';
import type { Provider } from './provider.ts';
import { createProvider } from './registry.ts';

/** A stream that has begun and is silent for longer is dead; a model may think for minutes before its first word. */
const idleTimeoutMs = 120_000;
const thinkingTimeoutMs = 600_000;
const answerBytesMax = 128 * 1024 * 1024;

/** Opens every upstream this process may call. A call as a whole takes as long as its job's deadline lets it. */
export function openProviders(providers: ProviderConfig[]): Map<string, Provider> {
  return new Map(
    providers.map(({ name, kind, baseUrl, apiKey }) => [
      name,
      createProvider(kind, {
        name,
        baseUrl,
        apiKey,
        headersTimeoutMs: thinkingTimeoutMs,
        idleTimeoutMs,
        thinkingTimeoutMs,
        answerBytesMax,
      }),
    ]),
  );
}
