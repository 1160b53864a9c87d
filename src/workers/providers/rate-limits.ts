import type { ProviderLimits } from '../../shared/chat/call-result.ts';
import type { AnswerHeaders } from './answer-headers.ts';

const longestMs = 24 * 3_600_000;

/** What one provider calls the headers of one limit. */
type HeaderNames = { left: string; reset: string };

/** Of requests and of tokens, in the order they are looked for. */
const requestNames: HeaderNames[] = [
  { left: 'x-ratelimit-remaining-requests', reset: 'x-ratelimit-reset-requests' },
  { left: 'anthropic-ratelimit-requests-remaining', reset: 'anthropic-ratelimit-requests-reset' },
];
const tokenNames: HeaderNames[] = [
  { left: 'x-ratelimit-remaining-tokens', reset: 'x-ratelimit-reset-tokens' },
  { left: 'anthropic-ratelimit-tokens-remaining', reset: 'anthropic-ratelimit-tokens-reset' },
];

/** `reset` is as the provider wrote it, and is read only when nothing is left. */
type Limit = { left: number; reset: string | null };

/**
 * What the provider says is left of its limits as its headers come; null when it reports none. OpenAI gives
 * resets as `6m0s` or `20ms`, Anthropic as RFC 3339 times; Gemini sends no such headers.
 */
export function readLimits(headers: AnswerHeaders): ProviderLimits | null {
  const requests = readLimit(headers, requestNames);
  const tokens = readLimit(headers, tokenNames);
  if (requests === null && tokens === null) return null;
  const waitMs = Math.max(waitMsOf(requests), waitMsOf(tokens));
  return {
    requestsLeft: requests?.left ?? null,
    tokensLeft: tokens?.left ?? null,
    usedUpUntilMs: waitMs === 0 ? null : Date.now() + waitMs,
  };
}

function readLimit(headers: AnswerHeaders, names: HeaderNames[]): Limit | null {
  for (const { left, reset } of names) {
    const count = readCount(headers.get(left));
    if (count !== null) return { left: count, reset: headers.get(reset) };
  }
  return null;
}

const waitMsOf = (limit: Limit | null) => (limit?.left === 0 ? (readReset(limit.reset) ?? 0) : 0);

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
