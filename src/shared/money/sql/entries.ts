import type { Database, Sql } from '../../platform/postgres/database.ts';
import type { NanoUsd } from '../rules/money.ts';

/** One line of an account's statement; the two balances are those after it. */
export type Entry = {
  id: bigint;
  accountId: string;
  type: 'deposit' | 'hold' | 'release' | 'charge' | 'adjustment';
  amountNano: NanoUsd;
  availableNano: NanoUsd;
  heldNano: NanoUsd;
  jobId: string | null;
  batchId: string | null;
  description: string;
  createdAt: Date;
};

const entryColumns = (sql: Sql) => sql`
  id, account_id as "accountId", type, amount_nano as "amountNano", available_nano as "availableNano",
  held_nano as "heldNano", job_id as "jobId", batch_id as "batchId", description, created_at as "createdAt"`;

/** Entries of an account, newest first, one more than `limit`. */
export async function listEntries(
  sql: Database,
  page: { accountId: string; after: bigint | null; limit: number },
): Promise<Entry[]> {
  return await sql<Entry[]>`
    select ${entryColumns(sql)}
    from entries
    where account_id = ${page.accountId} and (${page.after}::bigint is null or id < ${page.after})
    order by id desc
    limit ${page.limit + 1}`;
}

/**
 * Moves money between the outside and an account's available balance, and writes the entry for it: one
 * statement, so both happen or neither. Null when there is no such account, or the balance would leave the
 * range it may have.
 */
export async function recordCredit(
  sql: Sql,
  credit: { accountId: string; amountNano: NanoUsd; description: string },
): Promise<Entry | null> {
  const [row] = await sql<Entry[]>`
    with moved as (
      update balances
      set available_nano = available_nano + ${credit.amountNano}
      where account_id = ${credit.accountId}
        and available_nano::numeric + ${credit.amountNano} between 0 and 9000000000000000000 - held_nano
      returning account_id, available_nano, held_nano
    )
    insert into entries (account_id, type, amount_nano, available_nano, held_nano, description)
    select account_id, ${credit.amountNano < 0n ? 'adjustment' : 'deposit'}, ${credit.amountNano},
      available_nano,
      held_nano, ${credit.description}
    from moved
    returning ${entryColumns(sql)}`;
  return row ?? null;
}
