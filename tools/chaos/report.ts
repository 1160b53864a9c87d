import type { InnocentWaits } from './checks/innocents.ts';
import type { Violation } from './evidence.ts';
import type { NeighbourResult } from './neighbours.ts';
import type { ChaosOptions } from './options.ts';
import { isPoisonTaken, type PoisonResult } from './poison.ts';
import type { Recovery } from './recovery.ts';
import type { SilenceResult } from './silences/run.ts';
import type { StormResult } from './storm.ts';
import { createTally, type FaultTally } from './tally.ts';

type SimulationResult = { seeds: number; jobs: number; faults: number; violations: unknown[]; ms: number };
export type CheckRecord = {
  what: string;
  cameToRest: boolean;
  checks: number;
  jobs: number;
  /** Of them, those that were run by the process that accepted them. */
  expressRuns: number;
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
  neighbours: NeighbourResult[];
  poison: PoisonResult | null;
  silences: SilenceResult[];
  record(what: string, found: Omit<CheckRecord, 'what'>): void;
  /** Since the run began. */
  elapsedMs(): number;
  /** What was recorded last, in a few words. */
  lastLine(): string;
  /** Everything, as plain data. */
  facts(): object;
  records: CheckRecord[];
};

const recoveryMsMax = 5000;
const silenceMsMax = 10_000;
const stormCallsMax = 750;

export function createReport(options: ChaosOptions): ChaosReport {
  const records: CheckRecord[] = [];
  const started = Date.now();
  const report: ChaosReport = {
    options,
    tally: createTally(),
    simulation: null,
    storm: null,
    recoveries: [],
    neighbours: [],
    poison: null,
    silences: [],
    records,
    record: (what, found) => void records.push({ what, ...found }),
    elapsedMs: () => Date.now() - started,
    lastLine: () => {
      const last = records.at(-1);
      if (last === undefined) return '';
      const rest = last.cameToRest ? 'came to rest' : 'DID NOT COME TO REST';
      const { jobs, countedMs, limitMs } = last.innocent;
      const innocent = `the innocent tenant's ${jobs} started in ${countedMs} of ${limitMs} ms`;
      const submissions = `${last.jobs} submissions (${last.expressRuns} run where they were accepted)`;
      return `${rest}; ${submissions}, ${innocent}, ${last.checks} invariants, ${last.violations.length} violations`;
    },
    facts: () => ({
      seed: options.seed,
      seconds: Math.round(report.elapsedMs() / 1000),
      simulation: report.simulation,
      storm: report.storm,
      recoveries: report.recoveries,
      neighbours: report.neighbours,
      poison: report.poison,
      silences: report.silences,
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

/** What did not hold, a sentence each. */
export function shortfallsOf(report: ChaosReport): string[] {
  const { simulation, storm, recoveries, neighbours, poison, silences, records } = report;
  const shortfalls = records.flatMap(({ what, cameToRest, violations }) => [
    ...(cameToRest ? [] : [`${what}: did not come to rest`]),
    ...(violations.length === 0 ? [] : [`${what}: ${violations.length} violations`]),
  ]);
  if (simulation !== null && simulation.violations.length > 0) {
    shortfalls.push(`simulation: ${simulation.violations.length} violations`);
  }
  const late = recoveries.filter(({ firstSettledMs }) => isLate(firstSettledMs, recoveryMsMax));
  const unanswered = neighbours.filter(({ tookMs, limitMs }) => isLate(tookMs, limitMs));
  return [
    ...shortfalls,
    ...late.map(({ fault, firstSettledMs }) => `recovery from ${fault}: ${firstSettledMs ?? 'no'} ms`),
    ...unanswered.map(
      ({ act, what, tookMs, limitMs }) =>
        `${what} of a neighbour during ${act}: ${tookMs ?? 'no'} of ${limitMs} ms`,
    ),
    ...silences.flatMap(shortfallsOfSilence),
    ...(poison === null || isPoisonTaken(poison) ? [] : ['the poisoned batch']),
    ...(storm === null || isWhole(storm) ? [] : ['the kill test']),
  ];
}

function shortfallsOfSilence({ what, firstDoneMs, calledAgain, answersLost }: SilenceResult): string[] {
  return [
    ...(isLate(firstDoneMs, silenceMsMax)
      ? [`silence of ${what}: first job after ${firstDoneMs ?? 'no'} ms`]
      : []),
    ...(calledAgain === 0 ? [] : [`silence of ${what}: ${calledAgain} jobs were called again`]),
    ...(answersLost === 0 ? [] : [`silence of ${what}: ${answersLost} paid answers were lost`]),
  ];
}

function isLate(tookMs: number | null, limitMs: number): boolean {
  return tookMs === null || tookMs > limitMs;
}

function isWhole({ jobs, accepted, succeeded, chargedOnce, held, providerCalls }: StormResult): boolean {
  const isDone = [accepted, succeeded, chargedOnce].every((count) => count === jobs) && held === 0n;
  return isDone && providerCalls <= stormCallsMax;
}
