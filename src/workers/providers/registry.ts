import type { ProviderKind } from '../../shared/domain/model.ts';
import { createAnthropicProvider } from './anthropic.ts';
import { createGoogleProvider } from './google.ts';
import { createOpenaiProvider } from './openai.ts';
import type { Provider, ProviderSettings } from './provider.ts';

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
