import type { Breach, Evidence, Invariant } from '../evidence.ts';
import type { InnocentFacts, LoneTime } from '../innocent.ts';

/** So many times its lone time a job may wait, and a moment in which a busy machine looks the other way. */
const timesMax = 3;
const floorMs = 1000;

export const innocentInvariants: Invariant[] = [
  { name: 'the jobs of an innocent tenant start within three times their lone time', check: checkStarts },
];

/** What the innocent tenant's jobs waited, where nothing was unavailable for everybody. */
export type InnocentWaits = {
  jobs: number;
  /** In whose time nothing was unavailable at all. */
  undisturbed: number;
  lone: LoneTime;
  /** What counts of the wait that came nearest to what was allowed, or was above it. */
  countedMs: number;
  limitMs: number;
};

export function ratioOf({ countedMs, limitMs }: Pick<InnocentWaits, 'countedMs' | 'limitMs'>): number {
  return countedMs / limitMs;
}

/** The longest a job of this tenant may wait for its start. */
function limitOf({ p95Ms }: LoneTime): number {
  return timesMax * p95Ms + floorMs;
}

export function measureInnocents(innocent: InnocentFacts): InnocentWaits {
  const waits = waitsOf(innocent);
  const none = { countedMs: 0, limitMs: limitOf(innocent.lone) };
  const { countedMs, limitMs } = waits.reduce<typeof none>(
    (worst, one) => (ratioOf(one) > ratioOf(worst) ? one : worst),
    none,
  );
  return {
    jobs: waits.length,
    undisturbed: waits.filter((one) => one.countedMs === one.waitedMs).length,
    lone: innocent.lone,
    countedMs,
    limitMs,
  };
}

function checkStarts({ innocent }: Pick<Evidence, 'innocent'>): Breach[] {
  const { lone } = innocent;
  return waitsOf(innocent)
    .filter((one) => ratioOf(one) > 1)
    .map(({ jobId, scene, countedMs, waitedMs, limitMs }) => {
      const alone = `alone it takes ${lone.medianMs} ms, at most ${lone.p95Ms}`;
      const detail = `${scene}: it started after ${waitedMs} ms, of which ${countedMs} count; ${limitMs} are allowed (${alone})`;
      return { jobId, detail };
    });
}

/**
 * What piled up while something was unavailable may take as long again to be worked off. That goes for what
 * the tenant itself submitted then: a later job of its own comes after those, and its time counts from when
 * the last of them has started.
 */
function waitsOf({ submissions, outages, lone }: InnocentFacts) {
  let piledUntilMs = 0;
  return submissions
    .toSorted((one, other) => one.askedMs - other.askedMs)
    .map(({ jobId, scene, askedMs, startedMs }) => {
      const fromMs = Math.max(askedMs, piledUntilMs);
      // The database's clock and ours may differ by a millisecond.
      const waitedMs = Math.max(0, startedMs - fromMs);
      const countedMs = outages.countedMs(fromMs, fromMs + waitedMs);
      if (countedMs < waitedMs || fromMs > askedMs) piledUntilMs = Math.max(piledUntilMs, startedMs);
      return { jobId, scene, waitedMs, countedMs, limitMs: limitOf(lone) + waitedMs - countedMs };
    });
}
