import type { Packages } from './install.ts';
import type { Found } from './run-set.ts';

/** One list of packages of a set; `skipped` says why it was not tried at all. */
export type Row = { name: string; packages: Packages; found: Found; skipped: string | null };

const reasonLengthMax = 100;
const titles = ['set', 'versions', 'passed', 'failed', 'skipped'];

/** A line for each list of packages, aligned, then the sums. */
export function formatTable(rows: Row[]): string {
  const lines = rows.map(({ name, packages, found, skipped }) => [
    name,
    Object.entries(packages)
      .map(([client, version]) => `${client} ${version}`)
      .join(', '),
    String(found.passed),
    String(found.failed.length),
    skipped?.slice(0, reasonLengthMax) ?? String(found.skipped.length),
  ]);
  const widths = titles.map((title, column) =>
    Math.max(...[titles, ...lines].map((line) => line[column]?.length ?? title.length)),
  );
  const draw = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const sum = (count: (row: Row) => number) => rows.reduce((total, row) => total + count(row), 0);
  const [passed, failed] = [sum(({ found }) => found.passed), sum(({ found }) => found.failed.length)];
  const skipped = sum((row) => row.found.skipped.length + (row.skipped === null ? 0 : 1));
  const sums = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return [draw(titles), ...lines.map(draw), '', sums].join('\n');
}
