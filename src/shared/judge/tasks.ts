import type { FileLine } from '../batches/file-lines.ts';
import { judgeLine, type LineOwner } from '../batches/judge-line.ts';
import { parseLine } from '../batches/parse-line.ts';
import type { BatchFault } from '../domain/batch.ts';
import type { QuoteDeps } from '../requests/quote-job.ts';
import type { BatchLine } from '../sql/validate-batch.ts';

/** A line as it is kept, or why its whole batch is refused. */
export type JudgedLine = BatchLine | BatchFault;

/** What can be done here or in a thread: plain values in, plain values out. */
export type Task = { kind: 'lines'; lines: FileLine[]; owner: LineOwner };

/** Reads, checks and prices. Throws a Refusal. */
export function perform(deps: QuoteDeps, task: Task): JudgedLine[] {
  return task.lines.map((line) => {
    const parsed = parseLine(line, task.owner.endpoint);
    return 'code' in parsed ? parsed : judgeLine(deps, task.owner, parsed);
  });
}
