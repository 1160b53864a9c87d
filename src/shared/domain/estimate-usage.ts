import type { ChatRequest } from './chat.ts';
import type { ModelEntry } from './model.ts';
import { boundInputTokens, countOutputTokens } from './token-bound.ts';
import type { Usage } from './usage.ts';

/**
 * Usage of a call whose provider reported none, or that was cut short: the bounded input and a plain count of the
 * output seen, at most what the model can write for each of the `n` choices. Flag what it is stored with `estimated`.
 */
export function estimateUsage(request: ChatRequest, model: ModelEntry, outputText: string): Usage {
  const outputMax = model.maxOutputTokens * (request.n ?? 1);
  return {
    promptTokens: boundInputTokens(request, model),
    completionTokens: Math.min(outputMax, countOutputTokens(outputText, model)),
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
}
