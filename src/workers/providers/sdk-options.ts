import type { ProviderSettings } from './provider.ts';

/** For an upstream of the operator's own that wants no key; the SDKs insist on one. */
export const placeholderKey = 'no-key-configured';

/** Later than our own total limit, which knows why it ended a call; within what a timer can hold. */
export function sdkTimeoutMs(settings: ProviderSettings): number {
  return Math.min(settings.totalTimeoutMs + 60_000, 2 ** 31 - 1);
}
