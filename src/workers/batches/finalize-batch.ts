import type { BatchEnd, BatchFault } from '../../shared/batches/rules/batch.ts';
import { batchEvent } from '../../shared/batches/rules/batch-event.ts';
import { endBatch } from '../../shared/batches/sql/assemble-batch.ts';
import type { BatchLease, OpenBatch } from '../../shared/batches/sql/batch-lease.ts';
import { finishFile } from '../../shared/batches/sql/files.ts';
import { newId } from '../../shared/ids.ts';
import type { BatchStepDeps } from './batch-step.ts';

/** Files are kept for as long as OpenAI keeps them, unless the batch was created with another time. */
const outputSeconds = 30 * 86_400;

/**
 * Ends a batch: its files become readable, its webhooks are owed, and the delivery workers are woken. A batch
 * that never began keeps no lines.
 */
export async function finalizeBatch(
  deps: BatchStepDeps,
  lease: BatchLease,
  batch: OpenBatch,
  end: { state: BatchEnd; errors?: BatchFault[] | null },
): Promise<boolean> {
  const eventId = newId('evt');
  const ending = {
    state: end.state,
    errors: end.errors ?? null,
    deleteLines: batch.holdId === null,
    eventOf: (ended: Parameters<typeof batchEvent>[1]) => ({
      eventId,
      type: `batch.${end.state}`,
      body: batchEvent(eventId, ended),
    }),
  };
  await endBatch(deps.sql, lease, batch, ending, async (tx) => {
    const expiresInSeconds = batch.outputExpiresSeconds ?? outputSeconds;
    for (const id of [batch.outputFileId, batch.errorFileId]) {
      if (id !== null) await finishFile(tx, { id, expiresInSeconds });
    }
  });
  deps.owesDelivery();
  deps.log.info({ batch_id: batch.id, state: end.state, lines: batch.total }, 'a batch ended');
  return false;
}
