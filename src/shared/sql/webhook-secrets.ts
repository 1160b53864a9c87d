import type { Database } from './database.ts';

/** The sealed secrets that sign now, newest first; none before the first use. */
export async function findWebhookSecrets(sql: Database, accountId: string): Promise<Buffer[]> {
  const [row] = await sql<{ current: Buffer | null; previous: Buffer | null }[]>`
    select webhook_secret as current,
      case when webhook_secret_previous_until > now() then webhook_secret_previous end as previous
    from accounts where id = ${accountId}`;
  return [row?.current, row?.previous].filter((secret) => secret != null);
}

/** Stores the first secret of an account, unless somebody else just did. */
export async function insertWebhookSecret(sql: Database, accountId: string, sealed: Buffer): Promise<void> {
  await sql`update accounts set webhook_secret = ${sealed} where id = ${accountId} and webhook_secret is null`;
}

/** Makes a secret the current one; the one before it goes on signing for a day. */
export async function rotateStoredSecret(sql: Database, accountId: string, sealed: Buffer): Promise<void> {
  await sql`
    update accounts
    set webhook_secret_previous = webhook_secret, webhook_secret_previous_until = now() + interval '24 hours',
      webhook_secret = ${sealed}
    where id = ${accountId}`;
}
