import type { AnthropicBody } from './anthropic-request.ts';
import type { ProviderCall } from './provider.ts';

/** The version that clients of Anthropic's API without one speak. */
const plainVersion = '2023-06-01';

/**
 * The client's own body for Anthropic, when it goes through: changed in the model, the output bound and the
 * service tier, which the gateway owns; with the headers that say how it is meant. Null for a call that is
 * translated.
 */
export function passedMessageOf(
  call: ProviderCall,
): { body: AnthropicBody; headers: Record<string, string> } | null {
  const { pass_through: passed } = call.request;
  if (passed?.dialect !== 'messages') return null;
  const { anthropic_version: version, anthropic_beta: beta, service_tier: _, ...own } = passed.body;
  return {
    body: { ...own, model: call.model, max_tokens: call.maxOutputTokens } as unknown as AnthropicBody,
    headers: {
      'anthropic-version': typeof version === 'string' ? version : plainVersion,
      ...(typeof beta === 'string' && { 'anthropic-beta': beta }),
    },
  };
}
