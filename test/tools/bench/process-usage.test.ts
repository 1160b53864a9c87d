import { expect, test } from 'vitest';
import { usageOfTree } from '../../../tools/bench/process-usage.ts';

test('a process that works has used CPU and memory', () => {
  const { cpuMs, rssMb } = usageOfTree(process.pid);
  expect(cpuMs).toBeGreaterThan(0);
  expect(rssMb).toBeGreaterThan(1);
});

test('a process that is gone uses nothing', () => {
  expect(usageOfTree(2 ** 30)).toEqual({ cpuMs: 0, rssMb: 0 });
});
