import type { Random } from '../stack/random.ts';
import { checkBooks, checkEnd, isQuiet } from './check.ts';
import { type ClientRequest, runClient } from './client.ts';
import { createWorld } from './create-world.ts';
import { startDispatch } from './dispatch.ts';
import { type FaultName, noFaults } from './fault-rates.ts';
import { type Guards, guardsWithout } from './guards.ts';
import { checkKeyed, type KeyedRequest, runKeyedClient, startApi } from './keyed-requests.ts';
import { type Account, createAccount } from './money.ts';
import type { Steps } from './schedule.ts';
import { startSender } from './sender.ts';
import { timesMs } from './times.ts';
import { startWorker } from './worker.ts';
import type { Violation, World } from './world.ts';

/**
 * Virtual time of one run. In its first two thirds anything may fail; in the last everything must come to
 * rest.
 */
const endMs = 240_000;
const healAtMs = (endMs * 2) / 3;
/** Submissions come until then. */
const submitUntilMs = 60_000;
const booksMs = 10_000;

export type SimulationResult = {
  violations: Violation[];
  jobs: number;
  /** How often each fault happened. */
  faults: Readonly<Record<FaultName, number>>;
  /** When nothing was under way any more, on the virtual clock. */
  endedAtMs: number;
};

/**
 * Plays one run of the whole protocol: clients, a store, a queue that loses tickets, workers that die and
 * stand still, a provider with a meter, a receiver. What decides is production's: `moveJob`, `moveDelivery`,
 * `decide`, `decideOrphan`, `chargeWithin`, `decideDelivery`. The same seed and guards give the same run, to
 * the last line of each history.
 */
export function simulate(seed: number, guards: Guards = guardsWithout()): SimulationResult {
  const result = play(seed, guards, false);
  // Histories are only written when there is something to explain: the same run once more.
  return result.violations.length === 0 ? result : play(seed, guards, true);
}

function play(seed: number, guards: Guards, withHistory: boolean): SimulationResult {
  const world = createWorld(seed, guards, withHistory);
  const { random, schedule } = world;
  const accounts = Array.from({ length: random.between(1, 3) }, (_, index) =>
    createAccount(`account_${index + 1}`, BigInt(random.between(1000, 8000))),
  );
  const keyed = Array.from({ length: random.between(2, 6) }, (_, index) => drawKeyed(random, index));
  const requests = Array.from({ length: random.between(12, 30) }, (_, index) =>
    drawRequest(random, accounts, index),
  );
  startAll(world, requests, keyed);
  schedule.start(null, keepBooks(world, accounts));
  schedule.start(null, heal(world));
  // Whoever stood still when the faults ended wakes up before this, and gets its chance to do harm.
  const restAtMs = healAtMs + timesMs.pauseMax + 1000;
  schedule.run(
    endMs,
    () => schedule.nowMs > restAtMs && isQuiet(world) && keyed.every(({ replies }) => replies.size > 0),
  );
  checkEnd(world, requests, accounts, healAtMs);
  checkKeyed(world, keyed);
  const violations = [...world.violations.values()];
  return { violations, jobs: world.store.jobs.length, faults: world.faults, endedAtMs: schedule.nowMs };
}

function startAll(world: World, requests: ClientRequest[], keyed: KeyedRequest[]): void {
  const { random, schedule } = world;
  const concurrency = random.between(2, 4);
  const workers = Array.from({ length: random.between(2, 4) }, (_, index) =>
    startWorker(world, `worker_${index + 1}`, concurrency),
  );
  for (const name of ['dispatch_1', 'dispatch_2'])
    startDispatch(world, name, 2 * workers.length * concurrency);
  for (const name of ['sender_1', 'sender_2']) startSender(world, name);
  for (const request of requests) schedule.start(null, runClient(world, request, workers));
  const apis = ['api_1', 'api_2'].map((name) => startApi(world, name));
  for (const request of keyed) schedule.start(null, runKeyedClient(world, request, apis));
}

function drawKeyed(random: Random, index: number): KeyedRequest {
  const atMs = random.between(0, submitUntilMs);
  return { key: `keyed_${index + 1}`, atMs, claim: null, answer: null, done: 0, replies: new Set() };
}

function drawRequest(random: Random, accounts: Account[], index: number): ClientRequest {
  return {
    atMs: random.between(0, submitUntilMs),
    isCall: random.chance(0.4),
    submission: {
      key: `request_${index + 1}`,
      account: random.pick(accounts),
      holdNano: BigInt(random.between(10, 1000)),
      maxAttempts: random.between(1, 5),
      targets: random.pick([['alpha'], ['beta'], ['alpha', 'beta'], ['beta', 'gamma', 'alpha']]),
      // Half the jobs may not live to the end of the faults; the others outlive the run, so that an end comes
      // from work.
      deadlineMs: random.chance(0.4) ? random.between(3000, 120_000) : 10 * endMs,
      hasWebhook: random.chance(0.8),
      isGone: random.chance(0.05),
    },
    cancelAfterMs: random.chance(0.15) ? random.between(0, 15_000) : null,
    repeats: random.chance(0.2),
    replaysAfterMs: random.chance(0.1) ? random.between(0, 90_000) : null,
    replies: new Set(),
  };
}

function* heal(world: World): Steps {
  yield healAtMs;
  world.rates = noFaults;
  world.unavailableUntilMs = 0;
}

function* keepBooks(world: World, accounts: Account[]): Steps {
  for (;;) {
    yield booksMs;
    for (const account of accounts) checkBooks(world, account);
  }
}
