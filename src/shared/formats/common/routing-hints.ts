import { z } from 'zod';

/**
 * What clients of other gateways (OpenRouter, LiteLLM) say of the way of a call, and what SDKs say of
 * themselves: none of it changes what an answer means, so it is dropped on the paths that those clients come
 * to.
 */
const names = [
  'allowed_openai_params',
  'client_metadata',
  'custom_llm_provider',
  'drop_params',
  'extra_headers',
  'include_reasoning',
  'litellm_call_id',
  'litellm_metadata',
  'litellm_session_id',
  'litellm_trace_id',
  'models',
  'num_retries',
  'provider',
  'route',
  'session_id',
  'trace',
  'transforms',
  'usage',
] as const;

const hint = z.unknown().optional();

/** As fields of a body: whatever they hold, they are taken. */
export const routingHints = Object.fromEntries(names.map((name) => [name, hint])) as Record<
  (typeof names)[number],
  typeof hint
>;

/** A body as its own API knows it. */
export function withoutHints(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([field]) => !(field in routingHints)));
}
