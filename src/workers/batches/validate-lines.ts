import { readFileLines } from '../../shared/batches/file-lines.ts';
import { judgeLine } from '../../shared/batches/judge-line.ts';
import { type ParsedLine, parseLine } from '../../shared/batches/parse-line.ts';
import { type BatchFault, batchLineBytesMax, batchLinesMax } from '../../shared/domain/batch.ts';
import type { BatchLease, OpenBatch } from '../../shared/sql/batch-lease.ts';
import type { Database } from '../../shared/sql/database.ts';
import { fileExists } from '../../shared/sql/files.ts';
import { findUnsuccessful, keepLines, openBatchHold } from '../../shared/sql/validate-batch.ts';
import { conclude } from './conclude.ts';
import type { MoverDeps } from './mover-deps.ts';

/** What was read of a batch's lines: good ones, what fails the whole batch, and how far reading has come. */
type SourceSlice = {
  lines: ParsedLine[];
  faults: BatchFault[];
  readBytes: number;
  readLines: number;
  isEnd: boolean;
};

/** Pricing a line takes up to a millisecond, and the process has other things to do in between. */
const linesPerSlice = 200;

/** The next lines of the input file, from where reading was. */
async function readInputFile(sql: Database, batch: OpenBatch): Promise<SourceSlice> {
  const fileId = batch.inputFileId;
  const slice = await readFileLines(sql, fileId, batch, linesPerSlice, batchLineBytesMax);
  const parsed = slice.lines.map((line) => parseLine(line, batch.endpoint));
  const faults = parsed.filter((one) => 'code' in one);
  const isEmpty = slice.isEnd && batch.retryOf === null && batch.total + parsed.length === 0;
  if (isEmpty) faults.push(await nothingThere(sql, fileId));
  return { ...slice, lines: parsed.filter((one) => 'customId' in one), faults };
}

async function nothingThere(sql: Database, fileId: string): Promise<BatchFault> {
  const isThere = await fileExists(sql, fileId);
  return isThere
    ? { code: 'empty_file', line: null, message: 'The input file has no lines.', param: null }
    : { code: 'input_file_missing', line: null, message: 'The input file is gone.', param: 'input_file_id' };
}

/** Reads, prices and keeps the next lines; after the last, sets aside what they may cost and begins the batch. */
export async function validateLines(deps: MoverDeps, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  const isRead = batch.lastLine > 0;
  if (isRead) return await begin(deps, lease, batch);
  const slice = await readInputFile(deps.sql, batch);
  const fail = (errors: BatchFault[]) => conclude(deps, lease, batch, { state: 'failed', errors });
  if (slice.faults.length > 0) return await fail(slice.faults);
  const wanted = await withoutSuccessful(deps.sql, batch, slice.lines);
  if (batch.total + wanted.length > batchLinesMax) return await fail([tooMany]);
  const lines = wanted.map((line) => judgeLine(deps, batch, line));
  const twice = await keepLines(deps.sql, lease, { ...slice, lines });
  return twice.length === 0 ? true : await fail(twice.map(duplicate));
}

async function withoutSuccessful(
  sql: Database,
  batch: OpenBatch,
  lines: ParsedLine[],
): Promise<ParsedLine[]> {
  if (batch.retryOf === null) return lines;
  const ids = lines.map((line) => line.customId);
  const wanted = await findUnsuccessful(sql, batch.retryOf, ids);
  return lines.filter((line) => wanted.has(line.customId));
}

async function begin(deps: MoverDeps, lease: BatchLease, batch: OpenBatch): Promise<boolean> {
  if (await openBatchHold(deps.sql, lease, batch)) return true;
  const message = 'The account has less than all lines together may cost.';
  const errors: BatchFault[] = [{ code: 'insufficient_funds', line: null, message, param: null }];
  return await conclude(deps, lease, batch, { state: 'failed', errors });
}

const tooMany: BatchFault = {
  code: 'too_many_tasks',
  line: null,
  message: `A batch has at most ${batchLinesMax} lines.`,
  param: null,
};

const duplicate = ({ line, customId }: { line: number; customId: string }): BatchFault => ({
  code: 'duplicate_custom_id',
  line,
  message: `The custom_id ${JSON.stringify(customId)} is used by another line of this batch.`,
  param: 'custom_id',
});
