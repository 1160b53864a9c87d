import { readFileLines } from '../../shared/batches/file-lines.ts';
import type { BatchFault } from '../../shared/batches/rules/batch.ts';
import {
  type BatchLease,
  linesOfStep,
  linesPerSlice,
  type OpenBatch,
} from '../../shared/batches/sql/batch-lease.ts';
import { FileGone } from '../../shared/batches/sql/files.ts';
import {
  type BatchLine,
  findUnsuccessful,
  hasAllLines,
  keepLines,
  type ReadSlice,
  startBatch,
} from '../../shared/batches/sql/validate-batch.ts';
import { batchLineBytesMax, batchLinesMax } from '../../shared/formats/common/batch-limits.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { BatchStepDeps } from './batch-step.ts';
import { finalizeBatch } from './finalize-batch.ts';

/** What was read of a batch's lines, how far reading has come, and what fails the whole batch. */
type SourceSlice = ReadSlice & { faults: BatchFault[] };

/** The slice after the last one that was kept, of whoever moves a batch now. */
const readAhead = new WeakMap<BatchLease, { from: number; slice: Promise<SourceSlice> }>();

/**
 * Reads, prices and keeps the next lines; after the last, reserves what they may cost and begins the batch.
 * An account that cannot pay for what was read so far has the batch refused there and then: nobody reads on
 * for it. While lines are kept the next ones are read: the threads and the database work at once.
 */
export async function validateLines(
  deps: BatchStepDeps,
  lease: BatchLease,
  batch: OpenBatch,
): Promise<boolean> {
  const fail = (errors: BatchFault[]) => finalizeBatch(deps, lease, batch, { state: 'failed', errors });
  if (batch.lastLine > 0) {
    return (await startBatch(deps.sql, lease, batch)) ? true : await fail([insufficientFunds]);
  }
  if (!canPay(deps, batch, batch.quotedNano)) return await fail([insufficientFunds]);
  const slice = await nextSlice(deps, lease, batch);
  if (slice.faults.length > 0) return await fail(slice.faults);
  const lines = await withoutSuccessful(deps.sql, batch, slice);
  if (lines === null) return await fail([earlierLinesGone]);
  if (batch.total + lines.length > batchLinesMax) return await fail([tooMany]);
  const quotedNano = lines.reduce((sum, line) => sum + (line.job?.holdNano ?? 0n), batch.quotedNano);
  if (!canPay(deps, batch, quotedNano)) return await fail([insufficientFunds]);
  if (!slice.isEnd && batch.carefulSteps === 0) {
    const { readBytes, readLines } = slice;
    beginReading(deps, lease, { ...batch, readBytes, readLines, total: batch.total + lines.length });
  }
  const twice = await keepLines(deps.sql, lease, { ...slice, lines });
  return twice.length === 0 ? true : await fail(twice.map(duplicate));
}

/**
 * An account that has nothing can pay for nothing, so its file need not be read; unless a model here is free.
 */
function canPay({ catalogue }: BatchStepDeps, { availableNano }: OpenBatch, quotedNano: bigint): boolean {
  if (availableNano > 0n) return quotedNano <= availableNano;
  const isFree = catalogue.list().some(({ prices }) => prices.input === 0n && prices.output === 0n);
  return isFree && quotedNano === 0n;
}

async function nextSlice(deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch): Promise<SourceSlice> {
  const ahead = readAhead.get(lease);
  readAhead.delete(lease);
  return await (ahead?.from === batch.readBytes ? ahead.slice : readInputFile(deps, batch));
}

function beginReading(deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch): void {
  const slice = readInputFile(deps, batch);
  // Whoever takes it learns of its failure.
  slice.catch(() => undefined);
  readAhead.set(lease, { from: batch.readBytes, slice });
}

/**
 * The next lines of the input file, from where reading was; few when a line is being looked for that ends
 * processes.
 */
async function readInputFile({ sql, validator }: BatchStepDeps, batch: OpenBatch): Promise<SourceSlice> {
  const linesMax = linesOfStep(batch, linesPerSlice);
  try {
    const slice = await readFileLines(sql, batch.inputFileId, batch, linesMax, batchLineBytesMax);
    for (const { bytes } of slice.lines) await failpoint('batch.line', () => bytes?.toString('latin1') ?? '');
    const validated = await validator.lines(slice.lines, batch);
    const faults = validated.filter((one) => 'code' in one);
    const isEmpty = slice.isEnd && batch.retryOf === null && batch.total + validated.length === 0;
    if (isEmpty) faults.push(emptyFile);
    return { ...slice, lines: validated.filter((one) => 'customId' in one), faults };
  } catch (error) {
    if (!(error instanceof FileGone)) throw error;
    return { ...batch, lines: [], faults: [inputFileMissing], isEnd: true };
  }
}

/** Of a retry, the lines that did not succeed before; null when nobody knows any more which those are. */
async function withoutSuccessful(
  sql: Database,
  batch: OpenBatch,
  { lines, isEnd }: SourceSlice,
): Promise<BatchLine[] | null> {
  if (batch.retryOf === null) return lines;
  const ids = lines.map((line) => line.customId);
  const wanted = await findUnsuccessful(sql, batch.retryOf, ids);
  // Old lines are deleted in pieces: when all are there at the end, all were there before.
  if (isEnd && !(await hasAllLines(sql, batch.retryOf))) return null;
  return lines.filter((line) => wanted.has(line.customId));
}

const ofWholeFile = (code: BatchFault['code'], message: string, param: string | null = null): BatchFault => ({
  code,
  line: null,
  message,
  param,
});

const insufficientFunds = ofWholeFile(
  'insufficient_funds',
  'The account has less than all lines together may cost.',
);
const emptyFile = ofWholeFile('empty_file', 'The input file has no lines.');
const inputFileMissing = ofWholeFile('input_file_missing', 'The input file is gone.', 'input_file_id');
const earlierLinesGone = ofWholeFile(
  'input_file_missing',
  'The lines of the batch that was to be repeated are kept no longer.',
);
const tooMany = ofWholeFile('too_many_tasks', `A batch has at most ${batchLinesMax} lines.`);

const duplicate = ({ line, customId }: { line: number; customId: string }): BatchFault => ({
  code: 'duplicate_custom_id',
  line,
  message: `The custom_id ${JSON.stringify(customId)} is used by another line of this batch.`,
  param: 'custom_id',
});
