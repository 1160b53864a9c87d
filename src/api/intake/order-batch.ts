import type { FastifyRequest } from 'fastify';
import type { BatchRecord } from '../../shared/domain/batch.ts';
import { findSameBatch, insertBatch, type NewBatch } from '../../shared/sql/batches.ts';
import type { Transaction } from '../../shared/sql/database.ts';
import { accountOf } from '../http/caller.ts';
import { asksAgain, fingerprintOf } from '../http/idempotent.ts';

/** What every line of a batch has for its end. */
const windowSeconds = 86_400;

/**
 * Begins a batch. A client that says it asks again gets the batch it began a moment ago: the official SDKs send no idempotency
 * key. `prepare` is asked only for one that is new.
 */
export async function orderBatch(
  tx: Transaction,
  request: FastifyRequest,
  prepare: () => Promise<Omit<NewBatch, 'accountId' | 'fingerprint' | 'windowSeconds'>>,
): Promise<BatchRecord> {
  const accountId = accountOf(request);
  const fingerprint = fingerprintOf(request);
  const earlier = asksAgain(request) ? await findSameBatch(tx, { accountId, fingerprint }) : null;
  return earlier ?? (await insertBatch(tx, { ...(await prepare()), accountId, fingerprint, windowSeconds }));
}
