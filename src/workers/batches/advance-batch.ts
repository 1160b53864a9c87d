import type { BatchState } from '../../shared/batches/rules/batch.ts';
import { endedLines } from '../../shared/batches/rules/batch.ts';
import {
  type BatchLease,
  linesOfStep,
  type OpenBatch,
  renewBatch,
} from '../../shared/batches/sql/batch-lease.ts';
import {
  beginFinalizing,
  expandLines,
  requestJobCancels,
  skipLines,
} from '../../shared/batches/sql/expand-batch.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import { assembleLines } from './assemble-lines.ts';
import type { BatchStep, BatchStepDeps } from './batch-step.ts';
import { blameSomething, isToBlame } from './blame.ts';
import { finalizeBatch } from './finalize-batch.ts';
import { validateLines } from './validate-lines.ts';

/** Short enough that other accounts wait little, long enough that taking a lease costs little beside it. */
const sliceMs = 250;
const expansionMax = { lines: 500, bytes: 8 * 1024 * 1024 };
const jobsPerRequest = 500;

/**
 * Moves a batch step by step for the length of a slice; true when it could go on. Each step extends the
 * lease. A batch that ended three processes where it stands, or failed there three times, is rid of what is
 * to blame: see blame.ts.
 */
export async function advanceBatch(
  deps: BatchStepDeps,
  lease: BatchLease,
  isStopping: () => boolean,
): Promise<boolean> {
  const until = performance.now() + sliceMs;
  do {
    const batch = await renewBatch(deps.sql, lease);
    const step = batch === null ? undefined : steps[batch.state];
    if (batch === null || step === undefined) return false;
    const take = isToBlame(batch) ? blameSomething : step;
    if (!(await take(deps, lease, batch))) return false;
    await failpoint('batch.moved');
  } while (performance.now() < until && !isStopping());
  return true;
}

const steps: Partial<Record<BatchState, BatchStep>> = {
  validating: (deps, lease, batch) =>
    batch.isLate
      ? finalizeBatch(deps, lease, batch, { state: 'expired' })
      : validateLines(deps, lease, batch),
  in_progress: async (deps, lease, batch) => {
    if (batch.expandedThrough < batch.lastLine) return await expand(deps, lease, batch);
    if (endedLines(batch) < batch.total) return false;
    await beginFinalizing(deps.sql, lease);
    return true;
  },
  finalizing: async (deps, lease, batch) => {
    if (batch.assembledThrough < batch.lastLine) return await assembleLines(deps, lease, batch);
    return await finalizeBatch(deps, lease, batch, { state: batch.expired > 0 ? 'expired' : 'completed' });
  },
  cancelling: async (deps, lease, batch) => {
    // One that is given up while it runs ends the way a cancelled one does, and then has errors.
    const end = {
      state: batch.errors === null ? ('cancelled' as const) : ('failed' as const),
      errors: batch.errors,
    };
    if (batch.holdId === null) return await finalizeBatch(deps, lease, batch, end);
    if (batch.expandedThrough < batch.lastLine) {
      await skipLines(deps.sql, lease, batch, 'cancelled');
      return true;
    }
    if (endedLines(batch) < batch.total) return await stopJobs(deps, batch);
    if (batch.assembledThrough < batch.lastLine) return await assembleLines(deps, lease, batch);
    return await finalizeBatch(deps, lease, batch, end);
  },
};

async function expand(deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  if (batch.isLate) {
    await skipLines(deps.sql, lease, batch, 'expired');
    return true;
  }
  const lines = linesOfStep(batch, expansionMax.lines);
  const providers = await expandLines(deps.sql, lease, batch, { ...expansionMax, lines });
  for (const provider of providers) deps.signals.publish('backlog', provider);
  return true;
}

/** The reaper ends those that wait, the workers end those they run: to ask is all it takes. */
async function stopJobs(deps: BatchStepDeps, batch: OpenBatch): Promise<boolean> {
  const asked = await requestJobCancels(deps.sql, batch.id, jobsPerRequest);
  for (const jobId of asked) deps.signals.publish('cancel', jobId);
  return asked.length > 0;
}
