import { expect, test } from 'vitest';
import { formatTable } from '../../../tools/bench/table.ts';

test('each figure stands beside its baseline, with its ratio and how far its rounds lay apart', () => {
  const table = formatTable([
    {
      figure: 'intake',
      name: 'one account',
      unit: 'jobs/s',
      values: [1200, 1000, 1400],
      baseline: { name: 'the floor', values: [2400, 2000, 2800] },
    },
    { figure: 'memory', name: 'Redis', unit: 'MB', values: [7.04], baseline: null },
  ]);
  const cells = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(cells[0]).toEqual(['figure', 'gateway', 'baseline', 'ratio', 'lowest to highest']);
  expect(cells.slice(2)).toEqual([
    ['intake: one account', '1,200 jobs/s', '2,400 jobs/s, the floor', '0.50×', '1,000 to 1,400'],
    ['memory: Redis', '7.04 MB', '–', '–', '–'],
  ]);
});

test('all lines are as long as one another', () => {
  const row = { figure: 'a', unit: 'ms', values: [0.012], baseline: null };
  const table = formatTable([
    { ...row, name: 'short' },
    { ...row, name: 'a name that is longer than the title' },
  ]);
  expect(new Set(table.split('\n').map((line) => line.length)).size).toBe(1);
});

test('what could not be measured is a dash and no number', () => {
  const table = formatTable([{ figure: 'a', name: 'b', unit: 'ms', values: [Number.NaN], baseline: null }]);
  expect(table).not.toContain('NaN');
});
