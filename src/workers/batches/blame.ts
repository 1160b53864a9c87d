import { readFileLines } from '../../shared/batches/file-lines.ts';
import { findCustomId } from '../../shared/batches/find-custom-id.ts';
import { type BatchFault, endedLines } from '../../shared/batches/rules/batch.ts';
import type { BatchLease, OpenBatch } from '../../shared/batches/sql/batch-lease.ts';
import { abandonBatch, blameLine, blameLineWithoutJob } from '../../shared/batches/sql/blame-line.ts';
import { keepLines } from '../../shared/batches/sql/validate-batch.ts';
import { batchLineBytesMax } from '../../shared/formats/common/batch-limits.ts';
import { writeBlamedLine } from './assemble-lines.ts';
import type { BatchStep, BatchStepDeps } from './batch-step.ts';
import { finalizeBatch } from './finalize-batch.ts';

/** What ended this many processes is not tried again. */
const expiredLeasesMax = 3;

/**
 * Whether a batch has ended as many processes where it stands as it may; once a line was blamed, one more is
 * too many. One that is ending already has nothing left to be rid of until its lines have ended: it is put
 * off longer each time.
 */
export function isToBlame(batch: OpenBatch): boolean {
  const isEnding = batch.state === 'cancelling' && !canEnd(batch);
  return !isEnding && batch.expiredLeases >= expiredLeasesMax + (batch.blamedLine === null ? 0 : 1);
}

function canEnd(batch: OpenBatch): boolean {
  return batch.holdId === null || endedLines(batch) === batch.total;
}

/**
 * Rids a batch of what is to blame. After the second lost lease it goes on one line at a time, so the line
 * where it stands is the one: that line fails, and the batch goes on. When that does not help, or the line
 * cannot be named, the batch fails.
 */
export const blameSomething: BatchStep = async (deps, lease, batch) => {
  const isFirst = batch.blamedLine === null && batch.expiredLeases === expiredLeasesMax;
  if (isFirst && (await failLine(deps, lease, batch))) return true;
  return await failBatch(deps, lease, batch);
};

/**
 * Fails the next line of what is under way, unread; false when there is none, or its custom_id is not to be
 * had.
 */
async function failLine(deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  deps.log.error(
    { batch_id: batch.id, state: batch.state },
    'a line of a batch ended process after process; it fails',
  );
  if (batch.state === 'validating') return await failUnreadLine(deps, lease, batch);
  if (batch.expandedThrough < batch.lastLine) {
    if (batch.state === 'in_progress') await blameLineWithoutJob(deps.sql, lease, batch);
    return batch.state === 'in_progress';
  }
  if (endedLines(batch) < batch.total || batch.assembledThrough >= batch.lastLine) return false;
  await writeBlamedLine(deps, lease, batch);
  return true;
}

async function failUnreadLine(deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  if (batch.lastLine > 0) return false;
  const slice = await readFileLines(deps.sql, batch.inputFileId, batch, 1, batchLineBytesMax);
  const [line] = slice.lines;
  const customId = line?.bytes == null ? null : findCustomId(line.bytes);
  if (line === undefined || customId === null) return false;
  const refused = { line: line.line, customId, job: null, refusal: processingFailed(line.line) };
  const twice = await keepLines(deps.sql, lease, { ...slice, lines: [refused] }, (tx) =>
    blameLine(tx, lease, line.line),
  );
  return twice.length === 0;
}

async function failBatch(deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  const errors = [processingFailed(null)];
  if (canEnd(batch) && batch.state !== 'in_progress') {
    return await finalizeBatch(deps, lease, batch, { state: 'failed', errors });
  }
  deps.log.error(
    { batch_id: batch.id, state: batch.state },
    'a batch ended process after process; it is given up',
  );
  await abandonBatch(deps.sql, lease, batch, errors);
  return true;
}

function processingFailed(line: number | null): BatchFault {
  const what = line === null ? 'this batch' : 'this line';
  const message = `Processing ${what} failed ${expiredLeasesMax} times; it is not tried again.`;
  return { code: 'processing_failed', line, message, param: null };
}
