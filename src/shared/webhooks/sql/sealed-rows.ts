import type { Database } from '../../platform/postgres/database.ts';

/** A sealed text and the row it stands in. */
export type SealedRow = { id: string; sealed: Buffer };

/** Where sealed texts stay for long. Those of idempotency keys are gone in two days. */
export const sealedColumns = [
  'accounts.webhook_secret',
  'accounts.webhook_secret_previous',
  'webhook_endpoints.secret',
  'webhook_endpoints.secret_previous',
] as const;
export type SealedColumn = (typeof sealedColumns)[number];

/**
 * Sealed texts of one place, by the id of their rows, after one. The empty one of a deleted endpoint is none.
 */
export async function listSealed(
  sql: Database,
  column: SealedColumn,
  page: { after: string; limit: number },
): Promise<SealedRow[]> {
  const { after, limit } = page;
  switch (column) {
    case 'accounts.webhook_secret':
      return await sql<SealedRow[]>`
        select id, webhook_secret as sealed from accounts
        where webhook_secret is not null and id > ${after} order by id limit ${limit}`;
    case 'accounts.webhook_secret_previous':
      return await sql<SealedRow[]>`
        select id, webhook_secret_previous as sealed from accounts
        where webhook_secret_previous is not null and id > ${after} order by id limit ${limit}`;
    case 'webhook_endpoints.secret':
      return await sql<SealedRow[]>`
        select id, secret as sealed from webhook_endpoints
        where secret <> '' and id > ${after} order by id limit ${limit}`;
    case 'webhook_endpoints.secret_previous':
      return await sql<SealedRow[]>`
        select id, secret_previous as sealed from webhook_endpoints
        where secret_previous is not null and id > ${after} order by id limit ${limit}`;
  }
}

/** Puts the same text in, sealed anew, unless another came meanwhile. */
export async function replaceSealed(
  sql: Database,
  column: SealedColumn,
  { id, sealed }: SealedRow,
  next: Buffer,
): Promise<void> {
  switch (column) {
    case 'accounts.webhook_secret':
      await sql`update accounts set webhook_secret = ${next} where id = ${id} and webhook_secret = ${sealed}`;
      return;
    case 'accounts.webhook_secret_previous':
      await sql`
        update accounts set webhook_secret_previous = ${next}
        where id = ${id} and webhook_secret_previous = ${sealed}`;
      return;
    case 'webhook_endpoints.secret':
      await sql`update webhook_endpoints set secret = ${next} where id = ${id} and secret = ${sealed}`;
      return;
    case 'webhook_endpoints.secret_previous':
      await sql`
        update webhook_endpoints set secret_previous = ${next}
        where id = ${id} and secret_previous = ${sealed}`;
      return;
  }
}
