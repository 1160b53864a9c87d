import { z } from 'zod';
import type { ReasoningEffort } from '../../chat/chat.ts';

/** SDK 7.59 `ReasoningEffort`. */
export const effortSchema = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

/** SDK 7.59 `Reasoning.summary`. */
export const summarySchema = z.enum(['auto', 'concise', 'detailed']);

const leastBudgets: [number, ReasoningEffort][] = [
  [32_768, 'xhigh'],
  [16_384, 'high'],
  [8192, 'medium'],
  [2048, 'low'],
];

/**
 * The effort whose own budget this one reaches, for providers without budgets; see the budgets that a
 * thinking Claude is given by effort.
 */
export function effortOfBudget(budgetTokens: number): ReasoningEffort {
  return leastBudgets.find(([least]) => budgetTokens >= least)?.[1] ?? 'minimal';
}
