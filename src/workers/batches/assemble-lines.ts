import { toLineResult, toSkippedResult } from '../../shared/batches/line-results.ts';
import { findNextLine, keepAssembled, listEndedLines } from '../../shared/batches/sql/assemble-batch.ts';
import {
  type BatchLease,
  linesOfStep,
  linesPerSlice,
  type OpenBatch,
} from '../../shared/batches/sql/batch-lease.ts';
import { blameLine } from '../../shared/batches/sql/blame-line.ts';
import { appendToFile, beginFile } from '../../shared/batches/sql/files.ts';
import { newId } from '../../shared/ids.ts';
import type { Transaction } from '../../shared/platform/postgres/database.ts';
import type { BatchStepDeps } from './batch-step.ts';

const bytesPerSlice = 4 * 1024 * 1024;

/**
 * Appends what the next lines came to to the output file and the error file, each made with its first line.
 */
export async function assembleLines(
  deps: BatchStepDeps,
  lease: BatchLease,
  batch: OpenBatch,
): Promise<boolean> {
  const lines = linesOfStep(batch, linesPerSlice);
  const ended = await listEndedLines(deps.sql, batch, { lines, bytes: bytesPerSlice });
  const answers = ended.map((line) => toLineResult(line, batch, unrunCode(batch)));
  const textOf = (isError: boolean) =>
    answers.flatMap((answer) => (answer.isError === isError ? [answer.text] : [])).join('');
  const through = ended.at(-1)?.line ?? batch.lastLine;
  await keepAssembled(deps.sql, lease, batch, through, async (tx) => ({
    outputFileId: await append(tx, batch, batch.outputFileId, 'output', textOf(false)),
    errorFileId: await append(tx, batch, batch.errorFileId, 'error', textOf(true)),
  }));
  return true;
}

/**
 * Writes the next line to the error file without a look at its result, which ended every process that had
 * one.
 */
export async function writeBlamedLine(
  deps: BatchStepDeps,
  lease: BatchLease,
  batch: OpenBatch,
): Promise<void> {
  const next = await findNextLine(deps.sql, batch);
  const through = next?.line ?? batch.lastLine;
  await keepAssembled(deps.sql, lease, batch, through, async (tx) => {
    await blameLine(tx, lease, through);
    const text = next === null ? '' : toSkippedResult(next, batch);
    const errorFileId = await append(tx, batch, batch.errorFileId, 'error', text);
    return { outputFileId: batch.outputFileId, errorFileId };
  });
}

function unrunCode({ state, errors }: OpenBatch): Parameters<typeof toLineResult>[2] {
  if (errors !== null) return 'processing_failed';
  return state === 'cancelling' ? 'batch_cancelled' : 'batch_expired';
}

async function append(
  tx: Transaction,
  batch: OpenBatch,
  known: string | null,
  name: 'output' | 'error',
  text: string,
): Promise<string | null> {
  if (text === '') return known;
  const fileId = known ?? newId('file');
  if (known === null) {
    const purpose = batch.kind === 'openai' ? 'batch_output' : 'message_batch';
    const filename = `${batch.id}_${name}.jsonl`;
    await beginFile(tx, { id: fileId, accountId: batch.accountId, purpose, filename });
  }
  await appendToFile(tx, fileId, Buffer.from(text));
  return fileId;
}
