import type { Database, Transaction } from './database.ts';

/** A credential of an account as it is stored: the hash of its secret, never the secret. */
export type ApiKeyRecord = {
  id: string;
  accountId: string | null;
  scopes: ('jobs' | 'read' | 'admin')[];
  createdAt: Date;
  expiresAt: Date | null;
};

/** Stores a new key. */
export async function insertApiKey(
  sql: Database | Transaction,
  key: Omit<ApiKeyRecord, 'createdAt'> & { secretSha256: Buffer },
): Promise<ApiKeyRecord> {
  const [row] = await sql<ApiKeyRecord[]>`
    insert into api_keys (id, account_id, secret_sha256, scopes, expires_at)
    values (${key.id}, ${key.accountId}, ${key.secretSha256}, ${key.scopes}, ${key.expiresAt})
    returning id, account_id as "accountId", scopes, created_at as "createdAt", expires_at as "expiresAt"`;
  if (row === undefined) throw new Error('an insert of a key returned no row');
  return row;
}

/** A key with the hash of its secret. */
type ApiKeySecret = ApiKeyRecord & { secretSha256: Buffer };

/** Keys that are not revoked, in the order of `ids`; null where there is none. Whether one expired is not judged. */
export async function findApiKeys(sql: Database, ids: string[]): Promise<(ApiKeySecret | null)[]> {
  const rows = await sql<ApiKeySecret[]>`
    select id, account_id as "accountId", scopes, created_at as "createdAt", expires_at as "expiresAt",
      secret_sha256 as "secretSha256"
    from api_keys where id = any(${ids}::text[]) and revoked_at is null`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Keys of an account that are not revoked, newest first, one more than `limit`. */
export async function listApiKeys(
  sql: Database,
  page: { accountId: string; after: string | undefined; limit: number },
): Promise<ApiKeyRecord[]> {
  const { after = null } = page;
  return await sql<ApiKeyRecord[]>`
    select id, account_id as "accountId", scopes, created_at as "createdAt", expires_at as "expiresAt"
    from api_keys k
    where account_id = ${page.accountId} and revoked_at is null
      and (${after}::text is null or (k.created_at, k.id) < (
        select x.created_at, x.id from api_keys x where x.id = ${after} and x.account_id = ${page.accountId}
      ))
    order by created_at desc, id desc
    limit ${page.limit + 1}`;
}

/** Whether an account has, or had, this key. */
export async function isKeyOf(sql: Database, key: { accountId: string; keyId: string }): Promise<boolean> {
  const rows = await sql`select 1 from api_keys where id = ${key.keyId} and account_id = ${key.accountId}`;
  return rows.length > 0;
}

/** Revokes a key of an account; false when it has no such key, or revoked it before. */
export async function revokeApiKey(
  sql: Database,
  key: { accountId: string; keyId: string },
): Promise<boolean> {
  const rows = await sql`
    update api_keys set revoked_at = now()
    where id = ${key.keyId} and account_id = ${key.accountId} and revoked_at is null
    returning id`;
  return rows.length === 1;
}
