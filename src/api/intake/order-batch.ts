import type { BatchRecord } from '../../shared/domain/batch.ts';
import { findSameBatch, insertBatch, type NewBatch } from '../../shared/sql/batches.ts';
import type { Transaction } from '../../shared/sql/database.ts';

/** What every line of a batch has for its end. */
const windowSeconds = 86_400;

/** Whose batch it is, what makes two creations the same, and whether the client says that it asks again. */
type BatchOrderer = { accountId: string; fingerprint: string; asksAgain: boolean };

/**
 * Begins a batch. A client that says it asks again gets the batch it began a moment ago: the official SDKs send no idempotency
 * key. `prepare` is asked only for one that is new.
 */
export async function orderBatch(
  tx: Transaction,
  { accountId, fingerprint, asksAgain }: BatchOrderer,
  prepare: () => Promise<Omit<NewBatch, 'accountId' | 'fingerprint' | 'windowSeconds'>>,
): Promise<BatchRecord> {
  const earlier = asksAgain ? await findSameBatch(tx, { accountId, fingerprint }) : null;
  return earlier ?? (await insertBatch(tx, { ...(await prepare()), accountId, fingerprint, windowSeconds }));
}
