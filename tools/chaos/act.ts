import { callApi } from '../stack/admin.ts';
import type { Child } from '../stack/child.ts';
import type { Random } from '../stack/random.ts';
import { measureInnocents } from './checks/innocents.ts';
import { createChaosClient } from './client.ts';
import { type Cluster, chaosAccount, openAccount, startCluster, workerConcurrency } from './cluster.ts';
import type { Facts } from './evidence.ts';
import { createFailpointDeck } from './failpoint-deck.ts';
import { startInnocent } from './innocent.ts';
import { checkInvariants, invariants } from './invariants.ts';
import { openNeighbourhood } from './neighbours.ts';
import type { ChaosOptions } from './options.ts';
import { createOutages, type Outages } from './outages.ts';
import { openPoisoner } from './poison.ts';
import { listUnrest, quiesce } from './quiesce.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { measureRecovery } from './recovery.ts';
import type { ChaosReport } from './report.ts';
import { createLanes, runRound } from './round.ts';
import type { Stage } from './scene.ts';
import { runSilences, type SilencePlan } from './silences/run.ts';
import { type Sink, startSink } from './sink.ts';
import { runStorm } from './storm.ts';
import { createWatchers } from './watcher.ts';

export type Act = {
  name: string;
  persistentRedis: boolean;
  rounds: number;
  /** No round is begun after this long, counted from the start of the run. */
  roundsUntilMs: number;
  /** With the kill test and the measure of recovery, which need no second Redis. */
  withScenes: boolean;
  /** With a hostile tenant before the rounds. */
  neighbours: boolean;
  /** With connections that fall silent, before the rounds. */
  silences: SilencePlan | null;
  /** Called when only rounds are left. */
  onRounds(): void;
  dir: string;
  cacheDir: string;
  onSpawn(child: Child): void;
  random: Random;
  options: ChaosOptions;
  report: ChaosReport;
  print(line: string): void;
};

/** Readers see the end a moment after it is true. */
const readersMaxWaitMs = 20_000;

const restartMaxWaitMs = 30_000;
/** Webhooks that were read in full, and answered with success or broken off. */
const wasTaken = new Set<string>(['ok', 'slow', 'huge', 'resetAfter']);
/** As they are found, in short; the report has them in full. */
const violationsReported = 5;

/**
 * Plays scenes and rounds on one cluster; after each, everything has come to rest and every invariant is
 * checked.
 */
export async function playAct(act: Act): Promise<void> {
  const { report, random, print } = act;
  print(`\n${act.name}: starting Postgres, Redis, 2 APIs, 3 workers …`);
  const outages = createOutages();
  const cluster = await startCluster({
    ...act,
    outages,
    tally: report.tally,
    nextFailpoint: createFailpointDeck(random.fork('failpoints')),
  });
  const receiver = await startReceiver({ random: random.fork('receiver').next });
  const sink = await startSink();
  try {
    const stage = await openStage(act, { cluster, receiver, sink, outages });
    const check = (what: string, cameToRest: boolean) => validator(act, stage, what, cameToRest);
    if (act.withScenes) {
      print('600 jobs, a worker killed every second, Redis emptied every five …');
      report.storm = await stage.innocent.during('the kill test', () => runStorm(stage));
      await check('the kill test', await quiesce(cluster.sql, restartMaxWaitMs));
      if (act.options.recoveryRounds > 0) print('recovery from outages …');
      report.recoveries = await stage.innocent.during('the outages', () =>
        measureRecovery(stage, act.options.recoveryRounds),
      );
      if (act.options.recoveryRounds > 0)
        await check('the outages', await quiesce(cluster.sql, restartMaxWaitMs));
    }
    if (act.neighbours) {
      print('a hostile tenant …');
      report.neighbours = await stage.neighbourhood.play();
      await check('the hostile tenant', await quiesce(cluster.sql, restartMaxWaitMs));
      print('a batch with a line that kills …');
      report.poison = await stage.poisoner.play();
      await check('the poisoned batch', await quiesce(cluster.sql, restartMaxWaitMs));
    }
    if (act.silences !== null) {
      print('silent connections …');
      report.silences = await runSilences(stage, act.silences);
      await check('the silences', await quiesce(cluster.sql, restartMaxWaitMs));
    }
    act.onRounds();
    const lanes = createLanes(random.fork('lanes'), stage.neighbourhood);
    for (let number = 1; number <= act.rounds && report.elapsedMs() < act.roundsUntilMs; number += 1) {
      const cameToRest = await runRound(stage, lanes, number);
      await check(`round ${number} of ${act.rounds}`, cameToRest);
    }
    if (act.rounds > 0) {
      await restartCold(stage);
      await check('a cold restart of everything', await quiesce(cluster.sql, restartMaxWaitMs));
    }
    countWitnessed(stage, report);
  } finally {
    await cluster.close();
    await receiver.close();
    await sink.close();
  }
}

async function openStage(
  act: Act,
  {
    cluster,
    receiver,
    sink,
    outages,
  }: { cluster: Cluster; receiver: Receiver; sink: Sink; outages: Outages },
): Promise<Stage> {
  const key = await openAccount(cluster, chaosAccount, '1000');
  const urls = () => cluster.members.urls();
  const random = act.random.fork('client').next;
  const innocentClient = createChaosClient({
    urls,
    key: await openAccount(cluster, 'innocent', '100'),
    accountId: 'innocent',
    random: act.random.fork('innocent').next,
    webhookUrl: null,
  });
  const innocent = await startInnocent({ client: innocentClient, outages, sql: cluster.sql });
  const { medianMs, p95Ms } = innocent.lone;
  act.print(`an innocent tenant's jobs start after ${medianMs} ms when it is alone, at most ${p95Ms}`);
  const stage = {
    cluster,
    receiver,
    random: act.random,
    tally: act.report.tally,
    print: act.print,
    key,
    client: createChaosClient({ urls, key, accountId: chaosAccount, random, webhookUrl: receiver.url }),
    watchers: createWatchers({ urls, key, random: act.random.fork('watchers').next }),
    innocent,
    outages,
  };
  return {
    ...stage,
    neighbourhood: await openNeighbourhood(stage, sink),
    poisoner: await openPoisoner(stage),
  };
}

/** Everything is killed at once, and starts again on what is on disk. */
async function restartCold({ cluster, tally }: Stage): Promise<void> {
  const killed = cluster.members.all.filter((member) => member.kill('SIGKILL')).length;
  await Promise.all([cluster.postgres.restart('SIGKILL', 0), cluster.redis.restart('SIGKILL', 0)]);
  await cluster.members.allUp();
  tally.add('cold restart: kill -9 of every process and server', true, killed + 2);
}

async function countExpressRuns(sql: Cluster['sql']): Promise<number> {
  const [row] = await sql<{ runs: number }[]>`
    select count(*)::integer as runs from jobs where attempts > 0 and ticketed_at is null`;
  return row?.runs ?? 0;
}

async function validator(act: Act, stage: Stage, what: string, cameToRest: boolean): Promise<void> {
  const { cluster, client, receiver, watchers, innocent, neighbourhood, poisoner } = stage;
  const { report } = act;
  await watchers.whenEnded(readersMaxWaitMs);
  const innocentFacts = await innocent.takeFacts();
  const violations = await checkInvariants({
    ...(await hearWitnesses(stage)),
    sql: cluster.sql,
    adminKey: cluster.adminKey,
    clients: [client.record(), innocent.record(), ...neighbourhood.records(), ...poisoner.records()],
    innocent: innocentFacts,
    received: receiver.received().filter(({ answered }) => wasTaken.has(answered)),
    watchers,
    // Whatever takes a process or a server away may cut every call that is under way.
    callsAllowance: report.tally.total() + report.tally.disruptive() * workerConcurrency,
  });
  const surprises = cluster.members.surprises.splice(0);
  report.record(what, {
    cameToRest,
    checks: invariants.length,
    jobs: client.record().submissions.length,
    expressRuns: await countExpressRuns(cluster.sql),
    innocent: measureInnocents(innocentFacts),
    violations: [
      ...violations,
      ...surprises.map((detail) => ({
        invariant: 'no process ends by itself',
        jobId: null,
        detail,
        history: [],
      })),
    ],
  });
  act.print(`${what}: ${report.lastLine()}`);
  if (!cameToRest) for (const line of await listUnrest(cluster.sql)) act.print(`  ${line}`);
  for (const { invariant, jobId, detail } of violations.slice(0, violationsReported)) {
    act.print(`  ${invariant}: ${jobId ?? ''} ${detail.slice(0, 200)}`);
  }
}

/** Those that answer over HTTP. */
async function hearWitnesses({
  cluster,
  key,
}: Stage): Promise<Pick<Facts, 'meter' | 'adminUrl' | 'webhookSecret'>> {
  const url = cluster.members.urls()[0] ?? '';
  const metered = await fetch(`${cluster.simulatorUrl}/__simulator/meter`);
  const { calls } = (await metered.json()) as { calls: Facts['meter'] };
  const { body } = await callApi({ url, key }, 'GET', '/v1/webhook_secret');
  return { meter: calls, adminUrl: url, webhookSecret: (body as { secret: string }).secret };
}

function countWitnessed(stage: Stage, report: ChaosReport): void {
  for (const [kind, count] of Object.entries(stage.receiver.faults())) {
    report.tally.add(`receiver: ${kind}`, false, count);
  }
  report.tally.add('reader: connection cut while streaming', false, stage.watchers.cuts());
}
