import { countRemovedKeys } from '../../money/sql/balances.ts';
import type { Database, Sql } from '../../platform/postgres/database.ts';

type KeyOfAccount = { accountId: string; key: string };

/**
 * Who has claimed a key: whoever takes the claim over has another token, and then this one is good for
 * nothing.
 */
export type KeyClaim = KeyOfAccount & { token: string };

/** The first answer to a request that carried an Idempotency-Key. */
export type RememberedReply = { status: number; reply: string; location: string | null };

/**
 * How a key stands for who asks; see migrations/functions/claim_idempotency_key.sql for what each word
 * promises.
 */
export type KeyStanding =
  | { kind: 'claimed' }
  | { kind: 'started' }
  | { kind: 'conflict' }
  | ({ kind: 'answered' } & RememberedReply)
  | { kind: 'full'; limit: number };

/** Who finds the balance locked gives its connection to others and comes again. */
const lockWaitMs = 50;

type StandingRow = {
  outcome: KeyStanding['kind'];
  status: number | null;
  reply: string | null;
  location: string | null;
  quota: number | null;
};

/**
 * Claims a key for `seconds`, committed when this resolves; or says how it stands. `keysMax` is for accounts
 * without a limit of their own. Fails with 55P03 when somebody has the balance locked, or takes the key at
 * this moment.
 */
export async function claimKey(
  sql: Database,
  claim: KeyClaim & { fingerprint: string },
  { seconds, keysMax }: { seconds: number; keysMax: number | null },
): Promise<KeyStanding> {
  const { accountId, key, fingerprint, token } = claim;
  const [row] = await sql<StandingRow[]>`
    select outcome, status, reply, location, quota
    from claim_idempotency_key(
      ${accountId}, ${key}, ${fingerprint}, ${token}, ${seconds}, ${keysMax}::integer, ${lockWaitMs}::integer
    )`;
  if (row === undefined) throw new Error('the claim of a key says how it stands');
  const { outcome, status, reply, location, quota } = row;
  if (outcome === 'answered') return { kind: outcome, status: status ?? 200, reply: reply ?? '', location };
  if (outcome === 'full') return { kind: outcome, limit: quota ?? 0 };
  return { kind: outcome };
}

/** Whether a claim is still under way, and nobody may take it over yet. Locks nothing. */
export async function isKeyHeld(sql: Database, { accountId, key }: KeyOfAccount): Promise<boolean> {
  const rows = await sql`
    select 1 from idempotency_keys
    where account_id = ${accountId} and key = ${key} and claim_token is not null and locked_until > now()`;
  return rows.length > 0;
}

/** Holds a claim for `seconds` from now; false when it was taken over, or its answer is stored. */
export async function renewClaim(sql: Database, claim: KeyClaim, seconds: number): Promise<boolean> {
  const rows = await sql`
    update idempotency_keys set locked_until = now() + make_interval(secs => ${seconds})
    where account_id = ${claim.accountId} and key = ${claim.key} and claim_token = ${claim.token}
    returning key`;
  return rows.length === 1;
}

/** Stores the answer, which ends the claim; false when it was taken over: then nothing is stored. */
export async function storeReply(
  sql: Sql,
  claim: KeyClaim,
  { status, reply, location }: RememberedReply,
): Promise<boolean> {
  const rows = await sql`
    update idempotency_keys
    set status = ${status}, reply = ${reply}, location = ${location}, claim_token = null, locked_until = null
    where account_id = ${claim.accountId} and key = ${claim.key} and claim_token = ${claim.token}
    returning key`;
  return rows.length === 1;
}

/**
 * Gives a key back that nothing was answered under; nothing when the claim was taken over. The balance is
 * locked before the key.
 */
export async function dropClaim(sql: Database, { accountId, key, token }: KeyClaim): Promise<void> {
  await sql`
    with balance as materialized (
      select count(*) from (select 1 from balances where account_id = ${accountId} for no key update) b
    ),
    dropped as (
      delete from idempotency_keys
      where account_id = ${accountId} and key = ${key} and claim_token = ${token}
        and exists (select from balance)
      returning account_id
    )
    ${countRemovedKeys(sql, sql`dropped`)}`;
}

/** Deletes keys older than `hours` that nobody works under; returns how many, at most `limit`. */
export async function deleteOldKeys(sql: Database, hours: number, limit: number): Promise<number> {
  return await sql.begin(async (tx) => {
    const old = await tx<KeyOfAccount[]>`
      select account_id as "accountId", key from idempotency_keys
      where created_at < now() - make_interval(hours => ${hours})
        and (locked_until is null or locked_until < now())
      limit ${limit}`;
    const accountIds = old.map(({ accountId }) => accountId);
    // Balances first and in the order of their accounts, as everything that locks several.
    await tx`
      select 1 from balances where account_id = any (${accountIds}::text[]) order by account_id
      for no key update`;
    const [removed] = await tx<{ keys: number }[]>`
      with deleted as (
        delete from idempotency_keys k
        using unnest(${accountIds}::text[], ${old.map(({ key }) => key)}::text[]) as o (account_id, key)
        where k.account_id = o.account_id and k.key = o.key
          and (k.locked_until is null or k.locked_until < now())
        returning k.account_id
      ),
      counted as (${countRemovedKeys(tx, tx`deleted`)})
      select count(*)::integer as keys from deleted`;
    return removed?.keys ?? 0;
  });
}
