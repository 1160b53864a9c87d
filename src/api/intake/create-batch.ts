import type { BatchRecord } from '../../shared/batches/rules/batch.ts';
import {
  findSameBatch,
  insertBatch,
  isRoomForBatch,
  type NewBatch,
} from '../../shared/batches/sql/batches.ts';
import { overQuota } from '../../shared/platform/config/quotas.ts';
import type { Transaction } from '../../shared/platform/postgres/database.ts';

/** What every line of a batch has for its end. */
const windowSeconds = 86_400;

/**
 * Whose batch it is, how many it may have open, what makes two creations the same, and whether the client
 * says that it asks again.
 */
export type BatchSubmitter = { accountId: string; openMax: number; fingerprint: string; asksAgain: boolean };

/**
 * Begins a batch, unless its account has as many open as it may. A client that says it asks again gets the
 * batch it began a moment ago: the official SDKs send no idempotency key. `prepare` is asked only for one
 * that is new.
 */
export async function submitBatch(
  tx: Transaction,
  { accountId, openMax, fingerprint, asksAgain }: BatchSubmitter,
  prepare: () => Promise<Omit<NewBatch, 'accountId' | 'fingerprint' | 'windowSeconds'>>,
): Promise<BatchRecord> {
  const earlier = asksAgain ? await findSameBatch(tx, { accountId, fingerprint }) : null;
  if (earlier !== null) return earlier;
  if (!(await isRoomForBatch(tx, accountId, openMax))) throw overQuota('open_batches', openMax);
  return await insertBatch(tx, { ...(await prepare()), accountId, fingerprint, windowSeconds });
}
