import type { Transaction } from './database.ts';

/** The first answer to a request that carried an Idempotency-Key. */
export type RememberedReply = {
  fingerprint: string;
  status: number;
  reply: string;
  location: string | null;
};

type KeyOfAccount = { accountId: string; key: string };

/** A statement of this transaction that waits longer than this for somebody else's lock fails with 55P03. */
export async function limitLockWait(tx: Transaction, waitMs: number): Promise<void> {
  await tx`select set_config('lock_timeout', ${`${waitMs}ms`}, true)`;
}

/**
 * Takes a key for this transaction; false when it was used before. Waits for a transaction that has taken it and not yet
 * ended.
 */
export async function insertIdempotencyKey(
  tx: Transaction,
  row: KeyOfAccount & { fingerprint: string },
): Promise<boolean> {
  const rows = await tx`
    insert into idempotency_keys (account_id, key, fingerprint, status, reply)
    values (${row.accountId}, ${row.key}, ${row.fingerprint}, 0, '')
    on conflict do nothing
    returning key`;
  return rows.length === 1;
}

/** Stores the answer beside the key this transaction took. */
export async function recordReply(
  tx: Transaction,
  row: KeyOfAccount & Omit<RememberedReply, 'fingerprint'>,
): Promise<void> {
  await tx`
    update idempotency_keys
    set status = ${row.status}, reply = ${row.reply}, location = ${row.location}
    where account_id = ${row.accountId} and key = ${row.key}`;
}

/** The answer that was stored under a key, or null. */
export async function findReply(tx: Transaction, row: KeyOfAccount): Promise<RememberedReply | null> {
  const [found] = await tx<RememberedReply[]>`
    select fingerprint, status, reply, location
    from idempotency_keys where account_id = ${row.accountId} and key = ${row.key}`;
  return found ?? null;
}
