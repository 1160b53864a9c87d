import type { Database, Transaction } from '../../platform/postgres/database.ts';
import type { NanoUsd } from '../rules/money.ts';

export type Balance = { availableNano: NanoUsd; heldNano: NanoUsd };

/** The two balances of an account, or null. */
export async function findBalance(sql: Database | Transaction, accountId: string): Promise<Balance | null> {
  const [row] = await sql<Balance[]>`
    select available_nano as "availableNano", held_nano as "heldNano" from balances where account_id = ${accountId}`;
  return row ?? null;
}
