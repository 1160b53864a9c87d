import type { ProviderLimits } from '../../shared/domain/answer.ts';

/** What OpenAI's `x-ratelimit-*` or Anthropic's `anthropic-ratelimit-*` headers say is left; null when they are not sent. */
export function readLimits(headers: Headers | null, nowMs: number): ProviderLimits | null {
  if (headers === null) return null;
  const requestsLeft = count(headers, [
    'x-ratelimit-remaining-requests',
    'anthropic-ratelimit-requests-remaining',
  ]);
  const tokensLeft = count(headers, ['x-ratelimit-remaining-tokens', 'anthropic-ratelimit-tokens-remaining']);
  if (requestsLeft === null && tokensLeft === null) return null;
  const resets = [
    duration(headers.get('x-ratelimit-reset-requests')),
    duration(headers.get('x-ratelimit-reset-tokens')),
    until(headers.get('anthropic-ratelimit-requests-reset'), nowMs),
    until(headers.get('anthropic-ratelimit-tokens-reset'), nowMs),
  ].filter((ms) => ms !== null);
  return { requestsLeft, tokensLeft, resetMs: resets.length === 0 ? null : Math.max(...resets) };
}

function count(headers: Headers, names: string[]): number | null {
  const text = names.map((name) => headers.get(name)).find((value) => value !== null);
  return text != null && /^\d+$/.test(text) ? Number(text) : null;
}

/** OpenAI writes durations as `1s`, `6m0s` or `120ms`. */
function duration(text: string | null): number | null {
  if (text === null) return null;
  const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0) return null;
  return Math.round(parts.reduce((sum, [, size, unit]) => sum + Number(size) * (unitMs[unit ?? ''] ?? 0), 0));
}

/** Anthropic writes the instant, RFC 3339. */
function until(text: string | null, nowMs: number): number | null {
  const instant = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) ? null : Math.max(0, instant - nowMs);
}
