import type { Random } from '../stack/random.ts';
import { type Fault, sleep } from './faults/fault.ts';
import { linkFaults } from './faults/links.ts';
import { postgresFaults } from './faults/postgres.ts';
import { processFaults } from './faults/processes.ts';
import { redisFaults } from './faults/redis.ts';
import { ticketFaults } from './faults/tickets.ts';
import type { HostileAct } from './hostile/acts.ts';
import type { Neighbourhood } from './neighbours.ts';
import { quiesce } from './quiesce.ts';
import type { ReceiverFaults } from './receiver.ts';
import { createDeck, type Lane, runFaults } from './run-faults.ts';
import type { Stage } from './scene.ts';
import { submitJobs } from './submit-jobs.ts';

const faultMs = 12_000;
const tenantMs = 4000;
/** Every other round: then a call needs a place that Redis gives, and has to keep its lease without it. */
const concurrencyLimits = {
  OPENAI_MAX_CONCURRENCY: '24',
  ANTHROPIC_MAX_CONCURRENCY: '24',
  GEMINI_MAX_CONCURRENCY: '24',
};
/** Every third round all calls go through the queue. */
const withoutExpress = { EXPRESS: 'off' };
/**
 * A submission may wait a minute for a model that another one has parked, and then park it for a minute
 * itself.
 */
const drainMs = 150_000;
const receiverFaults: ReceiverFaults = {
  error500: 0.1,
  reset: 0.04,
  resetAfter: 0.04,
  slow: { p: 0.05, ms: 600 },
  redirect: 0.03,
  huge: 0.02,
  hang: 0.01,
};

/** The families of faults; each goes on dealing where it stopped in the round before. */
export function createLanes(random: Random, { acts }: Pick<Neighbourhood, 'acts'>): Lane[] {
  const tenantFaults = acts.map(toFault);
  const families = { processFaults, redisFaults, postgresFaults, linkFaults, ticketFaults, tenantFaults };
  return Object.entries(families).map(([name, faults]) => ({
    next: createDeck(faults, random.fork(name)),
    random: random.fork(`${name} details`),
  }));
}

/** A hostile tenant at work beside everything else; a round does not wait for its last answer. */
function toFault({ kind, run }: HostileAct): Fault {
  return {
    kind: `tenant: ${kind}`,
    disruptive: false,
    inject: () => Promise.race([run(), sleep(tenantMs).then(() => 1)]),
  };
}

/**
 * One round: load and faults for twelve seconds, from some families and not others; then everything is
 * healed, and has to come to rest. True when it did.
 */
export async function runRound(stage: Stage, lanes: Lane[], number: number): Promise<boolean> {
  const { cluster, client, random, receiver, tally } = stage;
  const { members } = cluster;
  const some = lanes.filter(() => random.chance(0.6));
  const isLimited = number % 2 === 1;
  const settings = { ...(isLimited ? concurrencyLimits : {}), ...(number % 3 === 0 ? withoutExpress : {}) };
  const isSpecial = Object.keys(settings).length > 0;
  if (isSpecial) await cluster.reconfigure(settings);
  members.setCalm(random.chance(0.3));
  receiver.setFaults(receiverFaults);
  const load = submitJobs(stage, {
    perSecond: 25,
    forMs: faultMs,
    providerFaultShare: random.pick([0.03, 0.08, 0.15]),
    label: `round ${number}`,
  });
  const chosen = some.length === 0 ? lanes : some;
  await stage.innocent.during(`round ${number}`, () =>
    runFaults(cluster, chosen, stage, faultMs, stage.print),
  );
  receiver.setFaults({});
  await cluster.heal();
  members.setCalm(true);
  tally.add('kill -9 of every process with a failpoint', true, members.disarm());
  await members.allUp();
  await load;
  if (isSpecial) await cluster.reconfigure({});
  const { innocent, neighbourhood } = stage;
  await Promise.all([client, innocent, neighbourhood].map((one) => one.retryUntilKnown()));
  return await quiesce(cluster.sql, drainMs);
}
