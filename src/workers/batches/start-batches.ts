import { every, type Loop } from '../../shared/every.ts';
import { LeaseLost, leaseBatch, releaseBatch } from '../../shared/sql/batch-lease.ts';
import { takeTurn } from './move-batch.ts';
import type { MoverDeps } from './mover-deps.ts';

const intervalMs = 500;

/**
 * Moves batches, one at a time and each for a short turn, so that a large one does not keep small ones waiting. Every process
 * may do it: who has the lease moves the batch. Whatever dies on the way, the next worker goes on when the lease ends.
 */
export function startBatches(deps: MoverDeps, settings: { leaseSeconds: number }): Loop {
  let stopping = false;

  async function move(): Promise<boolean> {
    if (stopping) return false;
    const lease = await leaseBatch(deps.sql, settings.leaseSeconds);
    if (lease === null) return false;
    let delayMs = intervalMs;
    try {
      const hasMore = await takeTurn(deps, lease, () => stopping);
      if (hasMore) delayMs = 0;
    } catch (error) {
      if (error instanceof LeaseLost) return true;
      deps.log.warn({ batch_id: lease.batchId, error }, 'a batch could not be moved; it is tried again');
    }
    await releaseBatch(deps.sql, lease, delayMs);
    return true;
  }

  const loop = every(intervalMs, move, deps.log, 'batches');
  return {
    wake: loop.wake,
    stop: () => {
      stopping = true;
      return loop.stop();
    },
  };
}
