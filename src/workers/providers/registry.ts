import type { Quirks } from '../../shared/catalogue/quirks.ts';
import type { UpstreamKind } from '../../shared/catalogue/refusal.ts';
import { createAnthropicProvider } from './anthropic.ts';
import { createGoogleProvider } from './google.ts';
import { createOpenaiProvider } from './openai.ts';
import { compatibleDialect, openaiDialect } from './openai-dialect.ts';
import type { Provider, ProviderSettings } from './provider.ts';

/** The wire an upstream speaks; the catalogue's word for it. */
export type ProviderKind = UpstreamKind;

const factories: Record<ProviderKind, (settings: ProviderSettings, quirks?: Quirks) => Provider> = {
  openai: (settings) => createOpenaiProvider(settings, openaiDialect),
  compatible: (settings, quirks) => createOpenaiProvider(settings, compatibleDialect(quirks)),
  anthropic: createAnthropicProvider,
  google: createGoogleProvider,
};

/**
 * A provider with its own sockets. OpenAI's and a compatible base URL end in `/v1`, the others are bare.
 * Quirks are a compatible server's.
 */
export function createProvider(kind: ProviderKind, settings: ProviderSettings, quirks?: Quirks): Provider {
  return factories[kind](settings, quirks);
}
