import type { Database, Sql, Transaction } from '../../platform/postgres/database.ts';

/** A credential of an account as it is stored: the hash of its secret, never the secret. */
export type ApiKeyRecord = {
  id: string;
  accountId: string | null;
  scopes: ('jobs' | 'read' | 'admin')[];
  createdAt: Date;
  expiresAt: Date | null;
};

/** Stores a new key. `parentId` is the key that made it, or null. */
export async function insertApiKey(
  sql: Sql,
  key: Omit<ApiKeyRecord, 'createdAt'> & { secretSha256: Buffer; parentId?: string | null },
): Promise<ApiKeyRecord> {
  const { parentId = null } = key;
  const [row] = await sql<ApiKeyRecord[]>`
    insert into api_keys (id, account_id, secret_sha256, scopes, expires_at, parent_id)
    values (${key.id}, ${key.accountId}, ${key.secretSha256}, ${key.scopes}, ${key.expiresAt}, ${parentId})
    returning id, account_id as "accountId", scopes, created_at as "createdAt", expires_at as "expiresAt"`;
  if (row === undefined) throw new Error('an insert of a key returned no row');
  return row;
}

/**
 * How many keys an account has that work. The account is locked, so that two who count at the same time do so
 * one after the other.
 */
export async function countKeysOfAccount(tx: Transaction, accountId: string): Promise<number> {
  await tx`select 1 from accounts where id = ${accountId} for no key update`;
  const [row] = await tx<{ keys: bigint }[]>`
    select count(*) as keys from api_keys
    where account_id = ${accountId} and revoked_at is null and (expires_at is null or expires_at > now())`;
  return Number(row?.keys ?? 0);
}

/**
 * When a key ends that makes another, kept from being revoked until this transaction has; null when it works
 * no more.
 */
export async function holdParentKey(
  tx: Transaction,
  keyId: string,
): Promise<{ expiresAt: Date | null } | null> {
  const [row] = await tx<{ expiresAt: Date | null }[]>`
    select expires_at as "expiresAt" from api_keys
    where id = ${keyId} and revoked_at is null and (expires_at is null or expires_at > now())
    for share`;
  return row ?? null;
}

/** A key with the hash of its secret. */
type ApiKeySecret = ApiKeyRecord & { secretSha256: Buffer };

/**
 * Keys that are not revoked, in the order of `ids`; null where there is none. Whether one expired is not
 * checked.
 */
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

/** What a key of an account may do, unless it is revoked; null when the account has no such key. */
export async function findKeyScopes(
  sql: Database,
  key: { accountId: string; keyId: string },
): Promise<ApiKeyRecord['scopes'] | null> {
  const [row] = await sql<Pick<ApiKeyRecord, 'scopes'>[]>`
    select scopes from api_keys
    where id = ${key.keyId} and account_id = ${key.accountId} and revoked_at is null`;
  return row?.scopes ?? null;
}

/**
 * Revokes a key of an account and all that it made, and what those made. The ids of those that worked until
 * now; empty when the account has no such key, or revoked it before.
 */
export async function revokeApiKey(
  sql: Database,
  key: { accountId: string; keyId: string },
): Promise<string[]> {
  return await sql.begin(async (tx) => {
    const root = await tx<{ id: string }[]>`
      update api_keys set revoked_at = now()
      where id = ${key.keyId} and account_id = ${key.accountId} and revoked_at is null
      returning id`;
    const revoked = root.map(({ id }) => id);
    // Each step may wait for a key that is just being made by one of the family, and the next one sees it.
    for (let last = revoked; last.length > 0; ) {
      const next = await revokeFamily(tx, key.keyId);
      revoked.push(...next);
      last = next;
    }
    return revoked;
  });
}

async function revokeFamily(tx: Transaction, rootId: string): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    with recursive family as (
      select id from api_keys where id = ${rootId}
      union
      select k.id from api_keys k join family f on k.parent_id = f.id
    )
    update api_keys set revoked_at = now()
    where id in (select id from family) and revoked_at is null
    returning id`;
  return rows.map(({ id }) => id);
}
