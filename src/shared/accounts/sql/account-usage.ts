import type { QuotaName } from '../../platform/config/quotas.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** What is counted over all processes. */
export type StoredUsage = Record<Exclude<QuotaName, 'event_streams' | 'waits' | 'bodies'>, number>;

/**
 * How much an account has of everything that is stored, or null when there is no such account. Counts no more
 * rows than its limits allow.
 */
export async function findUsage(sql: Database, accountId: string): Promise<StoredUsage | null> {
  const [row] = await sql<StoredUsage[]>`
    select u.files, u.stored_bytes::double precision as stored_bytes, b.unfinished_jobs, b.idempotency_keys,
      (select count(*)::integer from batches where account_id = a.id and finished_at is null) as open_batches,
      (
        select count(*)::integer from api_keys
        where account_id = a.id and revoked_at is null and (expires_at is null or expires_at > now())
      ) as keys,
      (
        select count(*)::integer from webhook_endpoints where account_id = a.id and state <> 'deleted'
      ) as webhook_endpoints
    from accounts a join account_usage u on u.account_id = a.id join balances b on b.account_id = a.id
    where a.id = ${accountId}`;
  return row ?? null;
}
