import { callApi } from '../admin.ts';
import type { Child } from '../child.ts';
import type { Random } from '../random.ts';
import { createChaosClient } from './client.ts';
import { type Cluster, openAccount, startCluster, workerConcurrency } from './cluster.ts';
import type { Facts } from './evidence.ts';
import { createFailpointDeck } from './failpoint-deck.ts';
import { checkInvariants, invariants } from './invariants.ts';
import type { ChaosOptions } from './options.ts';
import { listUnrest, quiesce } from './quiesce.ts';
import { startReceiver } from './receiver.ts';
import { measureRecovery } from './recovery.ts';
import type { ChaosReport } from './report.ts';
import { createLanes, runRound } from './round.ts';
import type { Stage } from './scene.ts';
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
  dir: string;
  cacheDir: string;
  onSpawn(child: Child): void;
  random: Random;
  options: ChaosOptions;
  report: ChaosReport;
  say(line: string): void;
};

/** Readers see the end a moment after it is true. */
const readersPatienceMs = 20_000;

const restartPatienceMs = 30_000;
/** Webhooks that were read in full, and answered with success or broken off. */
const wasTaken = new Set<string>(['ok', 'slow', 'huge', 'resetAfter']);
/** As they are found, in short; the report has them in full. */
const violationsSaid = 5;

/** Plays scenes and rounds on one cluster; after each, everything has come to rest and every invariant is checked. */
export async function playAct(act: Act): Promise<void> {
  const { report, random, say } = act;
  say(`\n${act.name}: starting Postgres, Redis, 2 APIs, 3 workers …`);
  const cluster = await startCluster({
    ...act,
    tally: report.tally,
    nextFailpoint: createFailpointDeck(random.fork('failpoints')),
  });
  const receiver = await startReceiver({ random: random.fork('receiver').next });
  try {
    const stage = await openStage(act, cluster, receiver);
    const check = (what: string, cameToRest: boolean) => judge(act, stage, what, cameToRest);
    if (act.withScenes) {
      say('600 jobs, a worker killed every second, Redis emptied every five …');
      report.storm = await runStorm(stage);
      await check('the kill test', true);
      if (act.options.recoveryRounds > 0) say('recovery from outages …');
      report.recoveries = await measureRecovery(stage, act.options.recoveryRounds);
      if (act.options.recoveryRounds > 0) await check('the outages', true);
    }
    const lanes = createLanes(random.fork('lanes'));
    for (let number = 1; number <= act.rounds && report.elapsedMs() < act.roundsUntilMs; number += 1) {
      const cameToRest = await runRound(stage, lanes, number);
      await check(`round ${number} of ${act.rounds}`, cameToRest);
    }
    await restartCold(stage);
    await check('a cold restart of everything', await quiesce(cluster.sql, restartPatienceMs));
    countWitnessed(stage, report);
  } finally {
    await cluster.close();
    await receiver.close();
  }
}

async function openStage(act: Act, cluster: Cluster, receiver: Stage['receiver']): Promise<Stage> {
  const accountId = 'chaos';
  const key = await openAccount(cluster, accountId, '1000');
  const urls = () => cluster.members.urls();
  const random = act.random.fork('client').next;
  return {
    cluster,
    receiver,
    random: act.random,
    tally: act.report.tally,
    say: act.say,
    key,
    client: createChaosClient({ urls, key, accountId, random, webhookUrl: receiver.url }),
    watchers: createWatchers({ urls, key, random: act.random.fork('watchers').next }),
  };
}

/** Everything is killed at once, and starts again on what is on disk. */
async function restartCold({ cluster, tally }: Stage): Promise<void> {
  const killed = cluster.members.all.filter((member) => member.kill('SIGKILL')).length;
  await Promise.all([cluster.postgres.restart('SIGKILL', 0), cluster.redis.restart('SIGKILL', 0)]);
  await cluster.members.allUp();
  tally.add('cold restart: kill -9 of every process and server', true, killed + 2);
}

async function judge(act: Act, stage: Stage, what: string, cameToRest: boolean): Promise<void> {
  const { cluster, client, receiver, watchers } = stage;
  const { report } = act;
  await watchers.whenEnded(readersPatienceMs);
  const violations = await checkInvariants({
    ...(await hearWitnesses(stage)),
    sql: cluster.sql,
    adminKey: cluster.adminKey,
    clients: [client.record()],
    received: receiver.received().filter(({ answered }) => wasTaken.has(answered)),
    watchers,
    // Whatever takes a process or a server away may cut every call that is under way.
    callsAllowance: report.tally.total() + report.tally.disruptive() * workerConcurrency,
  });
  const surprises = cluster.members.surprises.splice(0);
  report.record(what, {
    cameToRest,
    checks: invariants.length,
    jobs: client.record().orders.length,
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
  act.say(`${what}: ${report.lastLine()}`);
  if (!cameToRest) for (const line of await listUnrest(cluster.sql)) act.say(`  ${line}`);
  for (const { invariant, jobId, detail } of violations.slice(0, violationsSaid)) {
    act.say(`  ${invariant}: ${jobId ?? ''} ${detail.slice(0, 200)}`);
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
