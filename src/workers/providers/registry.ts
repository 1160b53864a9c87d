import type { UpstreamKind } from '../../shared/catalogue/refusal.ts';
import { createAnthropicProvider } from './anthropic.ts';
import { createGoogleProvider } from './google.ts';
import { createOpenaiProvider } from './openai.ts';
import type { Provider, ProviderSettings } from './provider.ts';

/** The wire an upstream speaks; the catalogue's word for it. */
export type ProviderKind = UpstreamKind;

const factories: Record<ProviderKind, (settings: ProviderSettings) => Provider> = {
  openai: (settings) => createOpenaiProvider(settings, { maxTokensField: 'max_completion_tokens' }),
  compatible: (settings) => createOpenaiProvider(settings, { maxTokensField: 'max_tokens' }),
  anthropic: createAnthropicProvider,
  google: createGoogleProvider,
};

/** A provider with its own sockets. OpenAI's and a compatible base URL end in `/v1`, the others are bare. */
export function createProvider(kind: ProviderKind, settings: ProviderSettings): Provider {
  return factories[kind](settings);
}
