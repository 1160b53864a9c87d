import { seededRandom } from '../stack/random.ts';
import { countNone, drawRates } from './fault-rates.ts';
import type { Guards } from './guards.ts';
import { createSchedule } from './schedule.ts';
import { SchemaRefusal } from './schema-refusal.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

/** A world in which nothing has happened yet, and what will go wrong in it is drawn. */
export function createWorld(seed: number, guards: Guards, withHistory: boolean): World {
  const random = seededRandom(seed);
  const schedule = createSchedule({
    mishap: () => {
      if (world.meets('crash')) return 'crash';
      return world.meets('pause') ? random.between(timesMs.lease / 2, timesMs.pauseMax) : null;
    },
    downMs: () => random.between(200, 6000),
    onError: (error) => {
      if (!(error instanceof SchemaRefusal)) throw error;
      world.violate('no statement runs into the schema', error.message, error.job);
    },
  });
  const world: World = {
    random,
    guards,
    schedule,
    rates: drawRates(random),
    store: { jobs: [], open: [], keys: new Map(), deliveries: [], epoch: 1 },
    queue: { tickets: new Map(), epoch: null },
    meter: [],
    received: new Map(),
    faults: countNone(),
    unavailableUntilMs: 0,
    violations: new Map(),
    meets: (fault) => {
      if (!random.chance(world.rates[fault])) return false;
      world.faults[fault] += 1;
      return true;
    },
    note: (job, ...parts) => {
      if (withHistory) job.history.push(`${(schedule.nowMs / 1000).toFixed(3)} s: ${parts.join(' ')}`);
    },
    violate: (rule, description, job) => {
      const key = `${rule} ${job?.id ?? ''}`;
      if (world.violations.has(key)) return;
      const detail = job === null ? description : `${job.id}: ${description}`;
      world.violations.set(key, { seed, rule, detail, history: job?.history ?? [] });
    },
    step: () => schedule.step(random.between(1, 40)),
  };
  return world;
}
