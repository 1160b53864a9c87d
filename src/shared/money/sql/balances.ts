import type { Sql, Transaction } from '../../platform/postgres/database.ts';
import type { Fragment } from '../../platform/postgres/sql-template.ts';
import type { NanoUsd } from '../rules/money.ts';

export type Balance = { availableNano: NanoUsd; heldNano: NanoUsd };

/** The two balances of an account, or null. */
export async function findBalance(sql: Sql, accountId: string): Promise<Balance | null> {
  const [row] = await sql<Balance[]>`
    select available_nano as "availableNano", held_nano as "heldNano"
    from balances where account_id = ${accountId}`;
  return row ?? null;
}

/** Locks an account's balance for this transaction: before the batch, as everything that moves money does. */
export async function lockBalance(tx: Transaction, accountId: string): Promise<void> {
  await tx`select 1 from balances where account_id = ${accountId} for no key update`;
}

/** Part of a statement: balances of zero for the accounts whose ids are the column `id` of `accounts`. */
export const openBalances = (sql: Sql, accounts: Fragment) => sql`
  insert into balances (account_id) select id from ${accounts}`;

/**
 * Part of a statement: counts idempotency keys as removed, one for each row of `removed`, whose column
 * `account_id` says from whom. The balances are locked before.
 */
export const countRemovedKeys = (sql: Sql, removed: Fragment) => sql`
  update balances b set idempotency_keys = b.idempotency_keys - r.keys
  from (select account_id, count(*)::integer as keys from ${removed} group by account_id) r
  where b.account_id = r.account_id`;
