import { countNone, type FaultName } from './fault-rates.ts';
import { type Guards, guardsWithout } from './guards.ts';
import { simulate } from './simulate.ts';
import type { Violation } from './world.ts';

export type Exploration = {
  seeds: number;
  /** On the real clock. */
  ms: number;
  jobs: number;
  /** All faults that happened, and how often each kind did. */
  faults: number;
  faultsByKind: Readonly<Record<FaultName, number>>;
  /** The first hundred or so, each with the seed that shows it again. */
  violations: Violation[];
};

const violationsMax = 100;

/**
 * Plays one seed after the other, so many or for so long on the real clock. Keeps one core busy until it
 * returns.
 */
export function exploreSeeds(
  range: { from: number } & ({ count: number } | { forMs: number }),
  guards: Guards = guardsWithout(),
): Exploration {
  const byKind = countNone();
  const found: Exploration = { seeds: 0, ms: 0, jobs: 0, faults: 0, faultsByKind: byKind, violations: [] };
  const count = 'count' in range ? range.count : Number.POSITIVE_INFINITY;
  const startedMs = performance.now();
  const untilMs = 'forMs' in range ? startedMs + range.forMs : Number.POSITIVE_INFINITY;
  while (found.seeds < count && performance.now() < untilMs) {
    const { violations, jobs, faults } = simulate(range.from + found.seeds, guards);
    found.seeds += 1;
    found.jobs += jobs;
    for (const [kind, times] of Object.entries(faults)) {
      found.faults += times;
      byKind[kind as FaultName] += times;
    }
    if (found.violations.length < violationsMax) found.violations.push(...violations);
  }
  found.ms = performance.now() - startedMs;
  return found;
}
