import type { FileLine } from '../batches/file-lines.ts';
import { parseLine } from '../batches/parse-line.ts';
import { type LineOwner, priceLine } from '../batches/price-line.ts';
import type { BatchFault } from '../batches/rules/batch.ts';
import type { BatchLine } from '../batches/sql/validate-batch.ts';
import type { QuoteDeps } from '../jobs/submission.ts';
import { type BodyKind, type GivenBody, validateBody } from './bodies.ts';

/** A line as it is kept, or why its whole batch is refused. */
export type PricedLine = BatchLine | BatchFault;

/** What can be done here or in a thread: plain values in, plain values out. */
export type Task =
  | { kind: 'lines'; lines: FileLine[]; owner: LineOwner }
  | { kind: 'body'; bodyKind: BodyKind; body: GivenBody };

/** Reads, checks and prices. Throws a Refusal. */
export function perform(deps: QuoteDeps, task: Task): unknown {
  return task.kind === 'lines' ? priceLines(deps, task) : validateBody(deps, task.bodyKind, task.body);
}

/** Each line by itself: what one holds is its own fault. */
export function priceLines(
  deps: QuoteDeps,
  { lines, owner }: { lines: FileLine[]; owner: LineOwner },
): PricedLine[] {
  return lines.map((line) => {
    const parsed = parseLine(line, owner.endpoint);
    return 'code' in parsed ? parsed : priceLine(deps, owner, parsed);
  });
}
