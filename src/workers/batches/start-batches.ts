import {
  type BatchLease,
  isBatchOpen,
  LeaseLost,
  leaseBatch,
  releaseBatch,
} from '../../shared/batches/sql/batch-lease.ts';
import { Refusal } from '../../shared/errors.ts';
import { type Found, type Loop, startLoop } from '../../shared/platform/loop.ts';
import { isDatabaseTransient } from '../../shared/platform/postgres/database-errors.ts';
import { retryWhileUnavailable } from '../../shared/platform/postgres/retry-while-unavailable.ts';
import { advanceBatch } from './advance-batch.ts';
import type { BatchStepDeps } from './batch-step.ts';

const intervalMs = 500;
/** While no batch is open it is looked whether one is; a signal is sooner. */
const pace = { quickMs: intervalMs, restMs: 5000 };
/**
 * A process moves so many batches at once, of different accounts: one slow statement holds up its own account
 * alone.
 */
const movingMax = 2;
/** A batch that could not be moved is looked at again after this long. */
const retryMs = 1000;

/**
 * Moves batches, each for a short slice, and accounts in turn: however many and however large the batches of
 * one account are, another's waits for a slice or two. Every process may do it: who has the lease moves the
 * batch. Whatever dies on the way, the next worker goes on when the lease ends. One that fails is logged and
 * put off; the others go on.
 */
export function startBatches(deps: BatchStepDeps, settings: { leaseSeconds: number }): Loop {
  /** The accounts whose batches this process moves now. */
  const moving = new Map<string, Promise<void>>();
  let stopping = false;

  async function take(isQuick: boolean): Promise<Found> {
    if (stopping) return false;
    if (!isQuick && !(await isBatchOpen(deps.sql))) return false;
    return (moving.size < movingMax && (await leaseNext())) || { isBusy: !isQuick, dueInMs: null };
  }

  async function leaseNext(): Promise<boolean> {
    const lease = await leaseBatch(deps.sql, settings.leaseSeconds, [...moving.keys()]);
    if (lease === null) return false;
    const moved = move(lease).catch((error: unknown) =>
      deps.log.warn({ batch_id: lease.batchId, error }, 'a batch could not be released; its lease will end'),
    );
    moving.set(
      lease.accountId,
      moved.finally(() => {
        moving.delete(lease.accountId);
        loop.wake();
      }),
    );
    return true;
  }

  /** A lease that is not released counts against its batch, so an unavailable database is waited for. */
  async function move(lease: BatchLease): Promise<void> {
    const release = await advance(lease);
    await retryWhileUnavailable(() => releaseBatch(deps.sql, lease, release), {
      maxWaitMs: settings.leaseSeconds * 1000,
      isStopping: () => stopping,
    });
  }

  async function advance(lease: BatchLease): Promise<Parameters<typeof releaseBatch>[2]> {
    try {
      const hasMore = await advanceBatch(deps, lease, () => stopping);
      return { delayMs: hasMore ? 0 : intervalMs, hasFailed: false };
    } catch (error) {
      // Another worker has it, to whom a release says nothing; or it was cancelled, and is looked at again.
      if (error instanceof LeaseLost) return { delayMs: 0, hasFailed: false };
      deps.log.warn({ batch_id: lease.batchId, error }, 'a batch could not be moved; it is tried again');
      return { delayMs: retryMs, hasFailed: !isForNow(error) };
    }
  }

  const loop: Loop = startLoop(pace, take, deps.log, 'batches');
  return {
    wake: loop.wake,
    rouse: loop.rouse,
    stop: async () => {
      stopping = true;
      await loop.stop();
      await Promise.all(moving.values());
    },
  };
}

/**
 * A database that is unavailable, or in which something stood in the way, and threads that are busy say
 * nothing about the batch.
 */
function isForNow(error: unknown): boolean {
  const isAskedBack = error instanceof Refusal && error.extras.retryAfterMs !== undefined;
  return isAskedBack || isDatabaseTransient(error);
}
