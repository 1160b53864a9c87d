import { expect, test } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript
import { findUnawaited } from '../../scripts/house/statements.mjs';

const linesOf = (text: string): number[] =>
  findUnawaited({ path: 'src/a.ts', text }).map(({ line }: { line: number }) => line);

test.each([
  ['first in a function', 'async function f(sql) {\n  sql`delete from x`;\n}', [2]],
  ['after another, with a type', '  await f();\n  // Why.\n  tx<Row[]>`delete from x`;', [3]],
  ['only marked as not awaited', 'f();\nvoid deps.sql`delete from x`;', [2]],
])('a statement that nobody awaits is found: %s', (_name, text, lines) => {
  expect(linesOf(text)).toEqual(lines);
});

test.each([
  ['awaited', '{\n  await sql`delete from x`;\n}'],
  ['returned', '{\n  return sql`delete from x`;\n}'],
  ['returned by an arrow', 'const f = (sql) =>\n  sql`select 1`;'],
  ['kept', '{\n  const one = isAll\n    ? sql`1`\n    : sql`2`;\n}'],
  ['given to a function', 'await Promise.all([\n  sql`select 1`,\n  sql`select 2`,\n]);'],
])('one that runs is not: %s', (_name, text) => {
  expect(linesOf(text)).toEqual([]);
});
