import { median, type Row, ratioOf } from './row.ts';

const titles = ['figure', 'gateway', 'baseline', 'ratio', 'lowest to highest'];

/** The rows as a Markdown table, its columns aligned, so that a terminal and a page show the same. */
export function formatTable(rows: Row[]): string {
  const lines = rows.map((row) => [
    `${row.figure}: ${row.name}`,
    `${format(median(row.values))} ${row.unit}`,
    row.baseline === null ? '–' : `${format(median(row.baseline.values))} ${row.unit}, ${row.baseline.name}`,
    formatRatio(ratioOf(row)),
    row.values.length < 2 ? '–' : `${format(Math.min(...row.values))} to ${format(Math.max(...row.values))}`,
  ]);
  const widths = titles.map((title, column) =>
    Math.max(...[titles, ...lines].map((line) => line[column]?.length ?? title.length)),
  );
  const draw = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = draw(widths.map((width) => '-'.repeat(width)));
  return [draw(titles), rule, ...lines.map(draw)].join('\n');
}

function formatRatio(ratio: number | null): string {
  return ratio === null ? '–' : `${format(ratio)}×`;
}

/** Three significant digits are more than a shared machine can promise. */
function format(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(value < 1 ? 2 : 3);
}
