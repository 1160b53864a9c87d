import type { Usage } from '../../chat/usage.ts';
import type { Sql } from '../../platform/postgres/database.ts';

/** The usage that a job was charged for, as a row has it; null throughout when there is none. */
export type UsageColumns = {
  promptTokens: bigint | null;
  completionTokens: bigint | null;
  cachedTokens: bigint | null;
  cacheWriteTokens: bigint | null;
  reasoningTokens: bigint | null;
};

/** The columns of UsageColumns, for `left join charges c`. */
export const usageColumns = (sql: Sql) => sql`
  c.prompt_tokens as "promptTokens", c.completion_tokens as "completionTokens",
    c.cached_tokens as "cachedTokens",
  c.cache_write_tokens as "cacheWriteTokens", c.reasoning_tokens as "reasoningTokens"`;

/** A row with its usage as one value in place of the columns. */
export function withUsage<Row extends UsageColumns>(
  row: Row,
): Omit<Row, keyof UsageColumns> & { usage: Usage | null } {
  const { promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens, ...rest } = row;
  if (promptTokens === null) return { ...rest, usage: null };
  const usage: Usage = {
    promptTokens: Number(promptTokens),
    completionTokens: Number(completionTokens),
    cachedTokens: Number(cachedTokens),
    cacheWriteTokens: Number(cacheWriteTokens),
    reasoningTokens: Number(reasoningTokens),
  };
  return { ...rest, usage };
}
