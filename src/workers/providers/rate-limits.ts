import type { ProviderLimits } from '../../shared/domain/answer.ts';

const longestMs = 24 * 3_600_000;

/** What one provider calls its rate-limit headers. */
type HeaderNames = { requestsLeft: string; tokensLeft: string; resets: string[] };

const openaiNames: HeaderNames = {
  requestsLeft: 'x-ratelimit-remaining-requests',
  tokensLeft: 'x-ratelimit-remaining-tokens',
  resets: ['x-ratelimit-reset-requests', 'x-ratelimit-reset-tokens'],
};

const anthropicNames: HeaderNames = {
  requestsLeft: 'anthropic-ratelimit-requests-remaining',
  tokensLeft: 'anthropic-ratelimit-tokens-remaining',
  resets: ['anthropic-ratelimit-requests-reset', 'anthropic-ratelimit-tokens-reset'],
};

/**
 * What the provider says is left of its limits; null when it said nothing. OpenAI gives resets as `6m0s` or `20ms`,
 * Anthropic as RFC 3339 times; Gemini sends no such headers.
 */
export function readLimits(headers: Headers | null): ProviderLimits | null {
  if (headers === null) return null;
  return readNamed(headers, openaiNames) ?? readNamed(headers, anthropicNames);
}

function readNamed(headers: Headers, names: HeaderNames): ProviderLimits | null {
  const requestsLeft = readCount(headers.get(names.requestsLeft));
  const tokensLeft = readCount(headers.get(names.tokensLeft));
  const resets = names.resets
    .map((name) => readReset(headers.get(name)))
    .filter((reset): reset is number => reset !== null);
  if (requestsLeft === null && tokensLeft === null && resets.length === 0) return null;
  return { requestsLeft, tokensLeft, resetMs: resets.length === 0 ? null : Math.max(...resets) };
}

function readCount(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readReset(text: string | null): number | null {
  if (text === null) return null;
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
    const sum = parts.reduce((total, part) => total + Number(part[1]) * (unitMs[part[2] ?? ''] ?? 0), 0);
    return Math.min(Math.ceil(sum), longestMs);
  }
  const at = Date.parse(text);
  return Number.isNaN(at) || !text.includes('T') ? null : Math.min(Math.max(at - Date.now(), 0), longestMs);
}
