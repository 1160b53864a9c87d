import { z } from 'zod';
import type { ChatRequest } from '../../chat/chat.ts';
import { effortOfBudget, effortSchema, summarySchema } from '../common/reasoning-effort.ts';
import { withoutEmpty } from '../common/without-empty.ts';

/** OpenRouter's object on chat completions, which other gateways take as well. */
export const reasoningSchema = z.object({
  effort: effortSchema.nullish(),
  max_tokens: z.int().min(1).nullish(),
  enabled: z.boolean().nullish(),
  exclude: z.boolean().nullish(),
  summary: summarySchema.nullish(),
});

type Reasoning = z.output<typeof reasoningSchema>;

/** What reasoning is switched on with when nobody says how much: the default of OpenAI's own models. */
const effortWhenEnabled = 'medium';

/** What of it has fields of its own here. `effort` is `reasoning_effort` where that stands beside it. */
export function fromReasoning(reasoning: Reasoning, effort: ChatRequest['reasoning_effort'] | null) {
  const { max_tokens: budget, enabled, exclude, summary } = reasoning;
  const byBudget = typeof budget === 'number' ? effortOfBudget(budget) : undefined;
  const byDefault = enabled === true ? effortWhenEnabled : undefined;
  const isOff = enabled === false;
  return withoutEmpty({
    reasoning_effort: isOff ? ('none' as const) : (effort ?? reasoning.effort ?? byBudget ?? byDefault),
    thinking_budget_tokens: isOff ? undefined : budget,
    hide_reasoning: exclude === true ? true : undefined,
    reasoning_summary: summary,
  });
}
