import type { Database } from '../../platform/postgres/database.ts';
import type { NanoUsd } from '../rules/money.ts';

/** What the final jobs of one group used and cost. `group` is null for jobs without the metadata field. */
export type UsageRow = {
  group: string | null;
  jobs: bigint;
  promptTokens: bigint;
  completionTokens: bigint;
  chargeNano: NanoUsd;
};

/**
 * By what usage is summed: a UTC day, the model, the provider, or one field of the metadata of a job or else
 * of its batch.
 */
export type UsageGroup = { by: 'day' | 'model' | 'provider' } | { by: 'metadata'; field: string };

/**
 * Usage of an account over a range of settlement times (`from` included, `to` not), at most `limit + 1`
 * groups, in order.
 */
export async function listUsage(
  sql: Database,
  query: { accountId: string; from: Date; to: Date; group: UsageGroup; limit: number },
): Promise<UsageRow[]> {
  const field = query.group.by === 'metadata' ? query.group.field : '';
  const groups = {
    day: sql`to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD')`,
    model: sql`coalesce(c.model, j.model)`,
    provider: sql`coalesce(c.provider, j.provider)`,
    metadata: sql`coalesce(j.metadata ->> ${field}, b.metadata ->> ${field})`,
  };
  return await sql<UsageRow[]>`
    select u.group, count(*) as jobs, coalesce(sum(u.prompt_tokens), 0)::bigint as "promptTokens",
      coalesce(sum(u.completion_tokens), 0)::bigint as "completionTokens",
        sum(u.amount_nano)::bigint as "chargeNano"
    from (
      select ${groups[query.group.by]} as group, c.prompt_tokens, c.completion_tokens, c.amount_nano
      from charges c join jobs j on j.id = c.job_id left join batches b on b.id = j.batch_id
      where c.account_id = ${query.accountId} and c.created_at >= ${query.from} and c.created_at < ${query.to}
    ) u
    group by u.group
    order by u.group
    limit ${query.limit + 1}`;
}
