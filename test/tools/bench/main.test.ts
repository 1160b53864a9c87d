import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

type Measured = {
  size: string;
  machine: { cpus: number };
  rows: {
    figure: string;
    name: string;
    unit: string;
    values: number[];
    baseline: { name: string } | null;
    ratio: number;
  }[];
  broken: string[];
};

/**
 * A third of what a quiet machine measures, or less, beside baselines of the same seconds: crossed by
 * something that costs every job a multiple, never by a busy machine.
 */
const leastRatios = [
  { figure: 'intake', name: 'one account', baseline: /^the floor/, least: 0.12 },
  { figure: 'intake', name: 'one account', baseline: /^a transaction per job/, least: 0.6 },
  { figure: 'end to end', name: 'order to settled charge, 50 at once', baseline: /^SDK loop/, least: 0.07 },
];

/**
 * A machine that is busy with something else spoils one run; a change that makes every job dear spoils them
 * all.
 */
const runsMax = 3;

async function runBench(): Promise<{ measured: Measured; stdout: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  const jsonFile = join(dir, 'bench.json');
  const figures = ['intake', 'end-to-end', 'sync', 'batches'].flatMap((figure) => ['--only', figure]);
  const args = ['dist-tools/tools/bench/main.js', '--smoke', ...figures, '--json', jsonFile];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const measured = JSON.parse(readFileSync(jsonFile, 'utf8')) as Measured;
  rmSync(dir, { recursive: true });
  return { measured, stdout };
}

/** Those of the ratios that a run did not reach, each with what it came to. */
function findTooLow({ rows }: Measured) {
  return leastRatios.flatMap(({ figure, name, baseline, least }) => {
    const row = rows.find((one) => one.name === name && baseline.test(one.baseline?.name ?? ''));
    expect(row?.figure).toBe(figure);
    expect(row?.values).toHaveLength(2);
    const ratio = row?.ratio ?? 0;
    return ratio > least ? [] : [{ figure, name, least, ratio }];
  });
}

test('a bench loses nothing and measures each figure beside a baseline that is not many times faster', async () => {
  const tooLow = [];
  for (let run = 1; run <= runsMax; run += 1) {
    const { measured, stdout } = await runBench();
    const { size, machine, rows, broken } = measured;
    expect(broken).toEqual([]);
    expect(stdout).not.toContain('BROKEN');
    expect({ size, hasCpus: machine.cpus > 0 }).toEqual({ size: 'smoke', hasCpus: true });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^\| figure +\| gateway +\| baseline +\| ratio +\| lowest to highest +\|$/);
    expect(lines).toHaveLength(rows.length + 2);
    const ofBatches = rows.filter(({ figure }) => figure === 'a batch of 1,000 lines');
    expect(ofBatches).toHaveLength(4);
    const paces = ofBatches.filter(({ baseline }) => /1,000 at a time$/.test(baseline?.name ?? ''));
    expect(paces).toHaveLength(2);
    for (const { values } of paces) expect(values[0]).toBeGreaterThan(0);
    for (const figure of [
      'end to end',
      'end to end, one process',
      'synchronous, whole',
      'synchronous, streamed',
    ]) {
      const costs = rows.filter((row) => row.figure === figure && /\ba (call|job)$/.test(row.unit));
      expect(costs).toHaveLength(8);
      for (const { values } of costs) expect(values.every((value) => value >= 0)).toBe(true);
    }
    const low = findTooLow(measured);
    if (low.length === 0) return;
    tooLow.push(low);
  }
  expect(tooLow).toEqual([]);
}, 300_000);
