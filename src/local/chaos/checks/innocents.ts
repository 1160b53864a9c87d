import type { Breach, Evidence, Invariant } from '../evidence.ts';
import type { InnocentFacts, LoneTime } from '../innocent.ts';

/** So many times its lone time a job may wait, and a moment in which a busy machine looks the other way. */
const timesMax = 3;
const floorMs = 1000;

export const innocentInvariants: Invariant[] = [
  { name: 'the jobs of an innocent tenant start within three times their lone time', check: checkStarts },
];

/** What the innocent tenant's jobs waited, where nothing was away for everybody. */
export type InnocentWaits = {
  jobs: number;
  /** In whose time nothing was away at all. */
  undisturbed: number;
  lone: LoneTime;
  limitMs: number;
  worstMs: number;
};

/** The longest a job of this tenant may wait for its start. */
function limitOf({ p95Ms }: LoneTime): number {
  return timesMax * p95Ms + floorMs;
}

export function measureInnocents(innocent: InnocentFacts): InnocentWaits {
  const waits = waitsOf(innocent);
  return {
    jobs: waits.length,
    undisturbed: waits.filter(({ countedMs, waitedMs }) => countedMs === waitedMs).length,
    lone: innocent.lone,
    limitMs: limitOf(innocent.lone),
    worstMs: waits.reduce((worst, { countedMs }) => Math.max(worst, countedMs), 0),
  };
}

function checkStarts({ innocent }: Pick<Evidence, 'innocent'>): Breach[] {
  const { lone } = innocent;
  const limitMs = limitOf(lone);
  return waitsOf(innocent)
    .filter(({ countedMs }) => countedMs > limitMs)
    .map(({ jobId, scene, countedMs, waitedMs }) => {
      const alone = `alone it takes ${lone.medianMs} ms, at most ${lone.p95Ms}`;
      const detail = `${scene}: it started after ${waitedMs} ms, of which ${countedMs} count; ${limitMs} are allowed (${alone})`;
      return { jobId, detail };
    });
}

function waitsOf({ orders, outages }: InnocentFacts) {
  return orders.map(({ jobId, scene, askedMs, startedMs }) => {
    // The database's clock and ours may differ by a millisecond.
    const waitedMs = Math.max(0, startedMs - askedMs);
    return { jobId, scene, waitedMs, countedMs: outages.countedMs(askedMs, askedMs + waitedMs) };
  });
}
