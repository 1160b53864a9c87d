import { readFileLines } from '../../../shared/batches/file-lines.ts';
import type { LineOwner } from '../../../shared/batches/price-line.ts';
import type { BatchFault } from '../../../shared/batches/rules/batch.ts';
import type { BatchLine } from '../../../shared/batches/sql/validate-batch.ts';
import { batchLineBytesMax, batchLinesMax } from '../../../shared/formats/common/batch-limits.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Validator } from '../../../shared/validation/validator.ts';

/** Enough that a slice goes to a thread, few enough that other accounts' come between. */
const linesPerSlice = 200;
/** At most so many faults and so many refusals are listed. */
const reportedMax = 100;

/**
 * Bounds the cost of a file, slice by slice: other requests and other accounts' files go on in between.
 * Throws FileGone.
 */
export async function estimateFile(
  deps: { sql: Database; validator: Pick<Validator, 'lines'> },
  fileId: string,
  owner: LineOwner,
) {
  const tally = createTally();
  let cursor = { readBytes: 0, readLines: 0 };
  for (let isEnd = false; !isEnd && tally.goesOn(); ) {
    const slice = await readFileLines(deps.sql, fileId, cursor, linesPerSlice, batchLineBytesMax);
    for (const priced of await deps.validator.lines(slice.lines, owner)) {
      if ('code' in priced) tally.fault(priced);
      else tally.line(priced);
    }
    cursor = slice;
    isEnd = slice.isEnd;
  }
  return tally.result();
}

function createTally() {
  const seen = new Set<string>();
  const faults: BatchFault[] = [];
  const refused: object[] = [];
  const lines = { total: 0, accepted: 0, refused: 0 };
  let holdNano = 0n;
  return {
    goesOn: () => lines.total <= batchLinesMax,
    fault: (fault: BatchFault) => {
      lines.total += 1;
      if (faults.length < reportedMax) faults.push(fault);
    },
    line: (line: BatchLine) => {
      lines.total += 1;
      if (seen.has(line.customId) && faults.length < reportedMax) faults.push(duplicateId(line.line));
      seen.add(line.customId);
      holdNano += line.job?.holdNano ?? 0n;
      if (line.refusal === null) lines.accepted += 1;
      else {
        lines.refused += 1;
        if (refused.length < reportedMax)
          refused.push({ line: line.line, custom_id: line.customId, error: line.refusal });
      }
    },
    result: () => {
      if (lines.total === 0) faults.push(wholeFile('empty_file', 'The input file has no lines.'));
      if (lines.total > batchLinesMax) {
        faults.push(wholeFile('too_many_tasks', `A batch has at most ${batchLinesMax} lines.`));
      }
      return {
        object: 'batch.estimate',
        hold_usd: formatUsd(holdNano),
        request_counts: lines,
        refused,
        errors: faults.length === 0 ? null : { object: 'list', data: faults },
      };
    },
  };
}

const wholeFile = (code: BatchFault['code'], message: string): BatchFault => ({
  code,
  line: null,
  message,
  param: null,
});

const duplicateId = (line: number): BatchFault => ({
  code: 'duplicate_custom_id',
  line,
  message: 'Another line has the same custom_id.',
  param: 'custom_id',
});
