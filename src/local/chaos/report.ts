import type { InnocentWaits } from './checks/innocents.ts';
import type { Violation } from './evidence.ts';
import type { ChaosOptions } from './options.ts';
import type { Recovery } from './recovery.ts';
import type { StormResult } from './storm.ts';
import { createTally, type FaultTally } from './tally.ts';

type SimulationResult = { seeds: number; jobs: number; faults: number; violations: unknown[]; ms: number };
type Record = {
  what: string;
  cameToRest: boolean;
  checks: number;
  jobs: number;
  /** Of the innocent tenant, since the check before. */
  innocent: InnocentWaits;
  violations: Violation[];
};

/** What a run found, filled in as it goes on. */
export type ChaosReport = {
  options: ChaosOptions;
  tally: FaultTally;
  simulation: SimulationResult | null;
  storm: StormResult | null;
  recoveries: Recovery[];
  record(what: string, found: Omit<Record, 'what'>): void;
  /** Since the run began. */
  elapsedMs(): number;
  /** What was recorded last, in a few words. */
  lastLine(): string;
  /** Everything, as plain data. */
  facts(): object;
  records: Record[];
};

const recoveryMsMax = 5000;
const stormCallsMax = 750;
/** A violation is shown with the whole story of its job; more of them than this say no more. */
const violationsShown = 20;

export function createReport(options: ChaosOptions): ChaosReport {
  const records: Record[] = [];
  const started = Date.now();
  const report: ChaosReport = {
    options,
    tally: createTally(),
    simulation: null,
    storm: null,
    recoveries: [],
    records,
    record: (what, found) => void records.push({ what, ...found }),
    elapsedMs: () => Date.now() - started,
    lastLine: () => {
      const last = records.at(-1);
      if (last === undefined) return '';
      const rest = last.cameToRest ? 'came to rest' : 'DID NOT COME TO REST';
      const { jobs, worstMs, limitMs } = last.innocent;
      const innocent = `the innocent tenant's ${jobs} started in ${worstMs} of ${limitMs} ms`;
      return `${rest}; ${last.jobs} orders, ${innocent}, ${last.checks} invariants, ${last.violations.length} violations`;
    },
    facts: () => ({
      seed: options.seed,
      seconds: Math.round(report.elapsedMs() / 1000),
      simulation: report.simulation,
      storm: report.storm,
      recoveries: report.recoveries,
      faults: report.tally.rows(),
      total: report.tally.total(),
      disruptive: report.tally.disruptive(),
      records,
      shortfalls: shortfallsOf(report),
    }),
  };
  return report;
}

/** Whether every promise held. */
export function isClean(report: ChaosReport): boolean {
  return shortfallsOf(report).length === 0;
}

function shortfallsOf({ simulation, storm, recoveries, records }: ChaosReport): string[] {
  const shortfalls = records.flatMap(({ what, cameToRest, violations }) => [
    ...(cameToRest ? [] : [`${what}: did not come to rest`]),
    ...(violations.length === 0 ? [] : [`${what}: ${violations.length} violations`]),
  ]);
  if (simulation !== null && simulation.violations.length > 0) {
    shortfalls.push(`simulation: ${simulation.violations.length} violations`);
  }
  for (const { fault, firstSettledMs } of recoveries) {
    if (firstSettledMs === null || firstSettledMs > recoveryMsMax)
      shortfalls.push(`recovery from ${fault}: ${firstSettledMs ?? 'no'} ms`);
  }
  if (storm !== null) {
    const { jobs, accepted, succeeded, chargedOnce, held, providerCalls } = storm;
    const isWhole = [accepted, succeeded, chargedOnce].every((count) => count === jobs) && held === 0n;
    if (!isWhole || providerCalls > stormCallsMax) shortfalls.push('the kill test');
  }
  return shortfalls;
}

/** The report as a person reads it. */
export function printReport(report: ChaosReport, print: (line: string) => void): void {
  const { tally, simulation, storm, recoveries, records } = report;
  const disruptive = tally.rows().filter((row) => row.disruptive);
  print('\nfaults injected');
  for (const row of tally.rows())
    print(`${String(row.count).padStart(7)}  ${row.disruptive ? '*' : ' '} ${row.kind}`);
  print(`${String(tally.total()).padStart(7)}    in all, of ${tally.rows().length} kinds;`);
  print(`${String(tally.disruptive()).padStart(7)}  * of them disruptive, of ${disruptive.length} kinds`);
  if (simulation !== null) {
    const { seeds, jobs, faults, violations, ms } = simulation;
    const perMinute = Math.round((seeds / ms) * 60_000);
    print(
      `\nsimulation: ${seeds} seeds (${perMinute} a minute), ${jobs} jobs, ${faults} faults, ${violations.length} violations`,
    );
  }
  if (storm !== null) {
    print(
      `\nkill test: ${storm.accepted} of ${storm.jobs} accepted, ${storm.succeeded} succeeded, ${storm.chargedOnce} charged once, ` +
        `${storm.held} nano-USD held, ${storm.providerCalls} provider calls; ${storm.workersKilled} workers killed, Redis emptied ${storm.flushes} times`,
    );
  }
  if (recoveries.length > 0) print('\nfirst job settled after the server was back');
  for (const { fault, firstSettledMs } of recoveries)
    print(`${String(firstSettledMs ?? '–').padStart(7)} ms  ${fault}`);
  printInnocents(records, print);
  const checks = records.reduce((sum, record) => sum + record.checks, 0);
  const violations = records.flatMap((record) =>
    record.violations.map((violation) => ({ ...violation, what: record.what })),
  );
  print(
    `\ninvariants checked: ${checks} (${records.length} times all of them); violations: ${violations.length}`,
  );
  for (const violation of violations.slice(0, violationsShown)) {
    print(
      `\nVIOLATION in ${violation.what}: ${violation.invariant}${violation.jobId === null ? '' : `, ${violation.jobId}`}`,
    );
    print(`  ${violation.detail}`);
    for (const line of violation.history) print(`    ${line}`);
  }
  const shortfalls = shortfallsOf(report);
  for (const shortfall of shortfalls) print(`FAIL ${shortfall}`);
  print(`${shortfalls.length === 0 ? 'ok' : 'FAIL'}: seed ${report.options.seed}`);
}

function printInnocents(records: Record[], print: (line: string) => void): void {
  const [first] = records;
  if (first === undefined) return;
  const all = records.map(({ innocent }) => innocent);
  const jobs = all.reduce((sum, one) => sum + one.jobs, 0);
  const undisturbed = all.reduce((sum, one) => sum + one.undisturbed, 0);
  const worst = all.reduce((most, one) => (ratioOf(one) > ratioOf(most) ? one : most));
  const { medianMs, p95Ms } = first.innocent.lone;
  print(
    `\ninnocent tenant: ${jobs} jobs, ${undisturbed} of them while nothing was away for everybody; alone they start after ${medianMs} ms ` +
      `(p95 ${p95Ms}); the worst waited ${worst.worstMs} ms of ${worst.limitMs} allowed (${ratioOf(worst).toFixed(2)})`,
  );
}

function ratioOf({ worstMs, limitMs }: InnocentWaits): number {
  return worstMs / limitMs;
}
