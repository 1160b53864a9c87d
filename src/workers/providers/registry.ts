import type { ProviderKind } from '../../shared/domain/model.ts';
import { createAnthropic } from './anthropic.ts';
import { createGoogle } from './google.ts';
import { createOpenAi } from './openai.ts';
import type { Provider, ProviderSettings } from './provider.ts';

/** Every kind of upstream the gateway can call: one line each. */
const factories: Record<ProviderKind, (settings: ProviderSettings) => Provider> = {
  openai: (settings) => createOpenAi(settings, 'openai'),
  anthropic: createAnthropic,
  google: createGoogle,
  compatible: (settings) => createOpenAi(settings, 'compatible'),
};

/** Opens an upstream of a kind. No connection is made before its first call. */
export function createProvider(kind: ProviderKind, settings: ProviderSettings): Provider {
  return factories[kind](settings);
}
