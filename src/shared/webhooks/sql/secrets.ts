import type { Database, Sql } from '../../platform/postgres/database.ts';

/**
 * Keeps `sealed` as the account's secret unless it has one; the one it then has, or null without such an
 * account.
 */
export async function ensureWebhookSecret(
  sql: Database,
  accountId: string,
  sealed: Buffer,
): Promise<Buffer | null> {
  const [row] = await sql<{ secret: Buffer }[]>`
    update accounts set webhook_secret = coalesce(webhook_secret, ${sealed})
    where id = ${accountId}
    returning webhook_secret as secret`;
  return row?.secret ?? null;
}

/** The sealed secret of an account, or null. */
export async function findWebhookSecret(sql: Database, accountId: string): Promise<Buffer | null> {
  const [row] = await sql<{ secret: Buffer | null }[]>`
    select webhook_secret as secret from accounts where id = ${accountId}`;
  return row?.secret ?? null;
}

/** Puts a new secret in place; the one before goes on signing beside it for 24 hours. */
export async function replaceWebhookSecret(sql: Sql, accountId: string, sealed: Buffer): Promise<void> {
  await sql`
    update accounts
    set webhook_secret_previous = webhook_secret,
      webhook_secret_previous_until = case when webhook_secret is null then null
      else now() + interval '24 hours' end,
      webhook_secret = ${sealed}
    where id = ${accountId}`;
}
