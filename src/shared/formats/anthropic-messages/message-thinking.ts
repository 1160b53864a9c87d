import { z } from 'zod';
import type { ChatRequest, ReasoningEffort } from '../../chat/chat.ts';
import { effortOfBudget } from '../common/reasoning-effort.ts';

const display = z
  .enum(['summarized', 'omitted'], { error: 'only summarized and omitted are supported' })
  .nullish();

/** SDK 1.14 `ThinkingConfigParam`. */
export const thinkingSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('disabled') }),
  z.object({ type: z.literal('adaptive'), display }),
  z.object({ type: z.literal('between_tools') }),
  z.object({ type: z.literal('enabled'), budget_tokens: z.int().min(1024), display }),
]);

/** SDK 1.14 `JSONOutputFormat`; also what the beta calls `output_format`. */
export const outputFormatSchema = z.object({ type: z.literal('json_schema'), schema: z.looseObject({}) });

/** SDK 1.14 `OutputConfig`; a budget for a whole task is a hint of the beta's. */
export const outputConfigSchema = z.object({
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  format: outputFormatSchema.nullish(),
});

type Given = {
  thinking?: z.output<typeof thinkingSchema> | null | undefined;
  output_config?:
    | { effort?: Exclude<ReasoningEffort, 'none' | 'minimal'> | null | undefined }
    | null
    | undefined;
};

type Thinking = Pick<
  ChatRequest,
  'reasoning_effort' | 'effort_alone' | 'thinking_adaptive' | 'thinking_budget_tokens' | 'thinking_display'
>;

/** Claude thinks as much as it likes by itself; for others that is this effort. */
const adaptiveEffort = 'high';

/**
 * What is asked of Claude's thinking in words of ours. An effort alone does not ask it to think: models up to
 * 4.8 do so only where `thinking` says it.
 */
export function toThinking({ thinking, output_config }: Given): Thinking {
  const effort = output_config?.effort ?? null;
  if (thinking?.type === 'disabled') return { reasoning_effort: 'none' };
  if (thinking === null || thinking === undefined || thinking.type === 'between_tools') {
    return effort === null ? {} : { reasoning_effort: effort, effort_alone: true };
  }
  const shown = typeof thinking.display === 'string' && { thinking_display: thinking.display };
  if (thinking.type === 'adaptive') {
    return { reasoning_effort: effort ?? adaptiveEffort, thinking_adaptive: true, ...shown };
  }
  return {
    reasoning_effort: effort ?? effortOfBudget(thinking.budget_tokens),
    thinking_budget_tokens: thinking.budget_tokens,
    ...shown,
  };
}
