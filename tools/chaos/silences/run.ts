import { attemptId } from '../../../src/shared/ids.ts';
import type { MeterCall } from '../../simulator/meter.ts';
import { sleep } from '../faults/fault.ts';
import { firstDoneAfter, quiesce } from '../quiesce.ts';
import type { Stage } from '../scene.ts';
import { lastingSilences, type Silence, servedSilences } from './kinds.ts';
import { keepOrdering } from './load.ts';

export type SilenceResult = {
  what: string;
  seconds: number;
  isServed: boolean;
  /**
   * From the beginning where connections that are made meanwhile are served, else from the end; of a job
   * submitted after that.
   */
  firstDoneMs: number | null;
  /**
   * Jobs called again though the leases could be kept: all but those submitted before Postgres fell silent
   * for everybody.
   */
  calledAgain: number;
  /** Answers a provider was paid for, and nobody kept. */
  answersLost: number;
};

/** How long the network stays silent, and how many kinds of each variant are played. */
export type SilencePlan = { seconds: number; served: number; lasting: number };

/** The proportions of production: a connection is found silent in a third of a lease. */
const settings = {
  LEASE_SECONDS: '12',
  OPENAI_MAX_CONCURRENCY: '16',
  ANTHROPIC_MAX_CONCURRENCY: '16',
  GEMINI_MAX_CONCURRENCY: '16',
};

/**
 * How long nobody can know that a connection is silent, or make one that is served; from then on an
 * innocent's clock counts.
 */
const unnoticedMs = 4500;
/** And then it counts for so long before the next silence. */
const countedMs = 3500;
const maxWaitMs = 25_000;
const restMs = 60_000;
const loadFirstMs = 2000;
/** Longer than a silence stays unnoticed, and than a lease: that has to be kept in the middle of it. */
const longCallMs = 14_000;

/**
 * Under a steady load with limits on concurrency, silences one kind of connection after the other in the API
 * and in the workers, and looks when the first job is done, whether a job was called again for it, and
 * whether an answer was lost.
 */
export async function runSilences(stage: Stage, plan: SilencePlan): Promise<SilenceResult[]> {
  await stage.cluster.reconfigure(settings);
  const results: SilenceResult[] = [];
  const served = await underLoad(stage, async () => {
    const found: Found[] = [];
    const beganMs = Date.now();
    for (const silence of servedSilences.slice(0, plan.served)) found.push(await playServed(stage, silence));
    // The first of them has been silent for so long when the network is well again.
    await sleep(beganMs + plan.seconds * 1000 - Date.now());
    await stage.cluster.heal();
    return found;
  });
  results.push(...(await validator(stage, served, plan.seconds)));
  for (const silence of lastingSilences.slice(0, plan.lasting)) {
    const found = await underLoad(stage, async () => [await playLasting(stage, silence, plan.seconds)]);
    results.push(...(await validator(stage, found, plan.seconds)));
  }
  await stage.cluster.reconfigure({});
  return results;
}

type Found = { silence: Silence; fromMs: number; toMs: number; firstDoneMs: number | null };

async function underLoad(stage: Stage, work: () => Promise<Found[]>): Promise<Found[]> {
  const load = keepOrdering(stage, longCallMs);
  await sleep(loadFirstMs);
  const found = await stage.innocent.during('silences', work);
  await load.stop();
  await Promise.all([stage.client, stage.innocent].map((one) => one.retryUntilKnown()));
  await quiesce(stage.cluster.sql, restMs);
  return found;
}

async function playServed(stage: Stage, silence: Silence): Promise<Found> {
  const { cluster, outages, print, tally } = stage;
  const isBack = outages.begin('server');
  const fromMs = Date.now();
  const end = silence.begin(cluster);
  tally.add(`silent: ${silence.server}, ${silence.what}, others served`, true);
  const looking = firstDoneAfter(cluster.sql, fromMs, maxWaitMs);
  await sleep(unnoticedMs);
  isBack();
  const [firstDoneMs] = await Promise.all([looking, sleep(countedMs)]);
  end();
  print(
    `${silence.server} silent for ${silence.what}, others served: first job done after ${firstDoneMs} ms`,
  );
  return { silence, fromMs, toMs: Date.now(), firstDoneMs };
}

async function playLasting(stage: Stage, silence: Silence, seconds: number): Promise<Found> {
  const { cluster, outages, print, tally } = stage;
  const isBack = outages.begin('server');
  const fromMs = Date.now();
  silence.begin(cluster);
  tally.add(`silent: ${silence.server}, ${silence.what}, for ${seconds} s`, true);
  await sleep(seconds * 1000);
  await cluster.heal();
  const endedMs = Date.now();
  const looking = firstDoneAfter(cluster.sql, endedMs, maxWaitMs);
  await sleep(unnoticedMs);
  isBack();
  const [firstDoneMs] = await Promise.all([looking, sleep(countedMs)]);
  print(`${silence.server} silent for ${silence.what}, ${seconds} s: first job done after ${firstDoneMs} ms`);
  return { silence, fromMs, toMs: Date.now(), firstDoneMs };
}

type CallRow = { id: string; attempts: number; state: string };

async function validator(stage: Stage, found: Found[], seconds: number): Promise<SilenceResult[]> {
  const { cluster } = stage;
  const metered = await fetch(`${cluster.simulatorUrl}/__simulator/meter`);
  const { calls } = (await metered.json()) as { calls: MeterCall[] };
  const called = new Set(calls.map((call) => call.attempt_id));
  const answered = new Set(calls.filter(isWholeAnswer).map((call) => call.attempt_id));
  return await Promise.all(
    found.map(async ({ silence, fromMs, toMs, firstDoneMs }) => {
      const jobs = await cluster.sql<CallRow[]>`
        select id, attempts, state from jobs
        where started_at is not null and created_at <= ${new Date(toMs)}
          and finished_at >= ${new Date(fromMs)}`;
      const mayLoseLeases = silence.server === 'Postgres' && !silence.isServed;
      const again = jobs.filter((job) => attemptsOf(job).filter((one) => called.has(one)).length > 1);
      const lost = jobs.filter((job) => {
        const unused = job.state === 'succeeded' ? attemptsOf(job).slice(0, -1) : attemptsOf(job);
        return unused.some((one) => answered.has(one));
      });
      return {
        what: `${silence.server}, ${silence.what}`,
        seconds,
        isServed: silence.isServed,
        firstDoneMs,
        calledAgain: mayLoseLeases ? 0 : again.length,
        answersLost: lost.length,
      };
    }),
  );
}

/** As the provider knows them; a claim whose answer was lost is an attempt, and no call. */
function attemptsOf({ id, attempts }: CallRow): string[] {
  return Array.from({ length: attempts }, (_, index) => attemptId(id, index + 1));
}

function isWholeAnswer({ billed, outcome }: MeterCall): boolean {
  return billed && outcome === 'completed';
}
