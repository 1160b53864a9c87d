import type { FinishReason } from '../../shared/chat/chat.ts';
import { checkUsage, isCount, type Usage } from '../../shared/chat/usage.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';

/** SDK 2.32 `FinishReason`: nearly all of its words mean that something was withheld. */
export function toFinishReason(reported: unknown): FinishReason | null {
  if (typeof reported !== 'string' || reported === 'FINISH_REASON_UNSPECIFIED') return null;
  const known: Record<string, FinishReason> = {
    STOP: 'stop',
    MAX_TOKENS: 'length',
    CONTINUATION: 'length',
    OTHER: 'stop',
  };
  return known[reported] ?? (failedCalls.includes(reported) ? 'stop' : 'content_filter');
}

/**
 * Words that say that the model failed to call a tool, so that its turn has nothing in it (SDK 2.32
 * `FinishReason`).
 */
export const failedCalls = [
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
  'MALFORMED_RESPONSE',
];

/**
 * Gemini's `usageMetadata` as ours. `promptTokenCount` includes cached tokens; `candidatesTokenCount`
 * excludes thoughts. Zeros are left out on the wire (proto3), so a missing count is 0, unless there was
 * output and no count of any: then it is not to be trusted. Tokens of the total that have no name were
 * thoughts. Null when missing or nonsense. Source: SDK 2.32 `GenerateContentResponseUsageMetadata`.
 */
export function readGoogleUsage(reported: unknown, hasOutput: boolean): Usage | null {
  if (!isRecord(reported)) return null;
  const candidates = reported['candidatesTokenCount'];
  const thoughts = reported['thoughtsTokenCount'];
  if (hasOutput && candidates == null && thoughts == null) return null;
  const prompt = sum(reported['promptTokenCount'], reported['toolUsePromptTokenCount'] ?? 0);
  const outputTokens = sum(candidates ?? 0, thoughts ?? 0);
  const total = reported['totalTokenCount'];
  const unnamed =
    isCount(total) && prompt !== undefined && outputTokens !== undefined ? total - prompt - outputTokens : 0;
  const hidden = candidates != null && thoughts == null && unnamed > 0 ? unnamed : 0;
  return checkUsage({
    promptTokens: prompt,
    completionTokens: outputTokens === undefined ? undefined : outputTokens + hidden,
    cachedTokens: reported['cachedContentTokenCount'] ?? 0,
    cacheWriteTokens: 0,
    reasoningTokens: thoughts ?? hidden,
  });
}

function sum(...counts: unknown[]): number | undefined {
  const isCounted = counts.every((count) => typeof count === 'number' && count >= 0);
  return isCounted ? counts.reduce((total: number, count) => total + Number(count), 0) : undefined;
}

/** `logprobsResult` as the `content` list of OpenAI's `logprobs`, or null when there is none. */
export function toOpenaiLogprobs(result: unknown): unknown[] | null {
  if (!isRecord(result)) return null;
  const tops = readList(result, 'topCandidates');
  return readList(result, 'chosenCandidates').map((chosen, position) => ({
    ...toToken(chosen),
    top_logprobs: readList(tops[position], 'candidates').map(toToken),
  }));
}

function toToken(candidate: unknown) {
  const token = readText(candidate, 'token') ?? '';
  return { token, logprob: readField(candidate, 'logProbability'), bytes: [...Buffer.from(token)] };
}
