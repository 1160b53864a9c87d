import type { OpenaiApi, ProviderKind } from './model.ts';

/**
 * What a model can do that its provider's API as a whole does not say, told from its name. Unknown names
 * count as the newest generation, since that is what a new name will be.
 */

/**
 * The API of OpenAI that a model needs; undefined where either does. Its codex, pro and research models are
 * served on the Responses API alone, and from gpt-5.4 on a model that reasons is refused tools on chat
 * completions; those that search or speak by themselves are served there alone. Sources: OpenAI's
 * model pages, "This model is only supported in v1/responses", "Function tools with reasoning_effort are not
 * supported for … in /v1/chat/completions" (openai-openapi 541, litellm 34569).
 */
export function openaiApiOf(kind: ProviderKind, model: string): OpenaiApi | undefined {
  if (kind !== 'openai') return undefined;
  if (/-search-(preview|api)\b|\baudio\b/.test(model)) return 'chat';
  const isOnlyThere = /(^|-)(codex|pro|deep-research|computer-use)\b/.test(model);
  const isNewer = /^gpt-(5\.([4-9]|\d\d)|[6-9]|[1-2]\d)/.test(model);
  return isOnlyThere || isNewer ? 'responses' : undefined;
}

/**
 * Claude up to 4.6 takes `temperature`, `top_p` and a thinking budget. Later models refuse sampling settings
 * and think adaptively; API version 2026-10-21 (SDK 1.x) no longer has the fields at all.
 */
export function isBudgetClaude(model: string): boolean {
  return /claude-(3\b|(opus|sonnet|haiku)-4(-[0-6])?(-\d{8})?$)/.test(model);
}

/**
 * Claude from 4.8 on takes an instruction between turns as one, right after a turn of the user's. Source:
 * Anthropic's page on mid-conversation system messages; pydantic-ai 6765, which tried it on the API.
 */
export function takesLateInstructions(model: string): boolean {
  return !/claude-(3\b|(opus|sonnet|haiku)-4(-[0-7])?(-\d{8})?$)/.test(model);
}

/** Gemini up to 2.5 is given a thinking budget in tokens, later ones a level. */
export function isBudgetGemini(model: string): boolean {
  return /gemini-[12]\./.test(model);
}

/** Gemini models that cannot be told not to think. */
export function alwaysThinks(model: string): boolean {
  return /gemini-2\.5-pro/.test(model) || (/gemini-/.test(model) && !isBudgetGemini(model));
}

/**
 * Gemini models that have `MINIMAL` as a level; others refuse it (probed per model by bolna 956), and think
 * least at `LOW`.
 */
export function thinksMinimally(model: string): boolean {
  return /gemini-3(\.\d)?-flash-lite|gemini-3-flash/.test(model);
}
