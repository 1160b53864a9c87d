import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exploreSeeds } from '../protocol-model/explore.ts';
import type { Child } from '../stack/child.ts';
import { claimFolder } from '../stack/claim-folder.ts';
import { removePostgres } from '../stack/postgres-launcher.ts';
import { seededRandom } from '../stack/random.ts';
import { removeLeftovers } from '../stack/remove-leftovers.ts';
import { onStopRequest } from '../stack/stop-request.ts';
import { playAct } from './act.ts';
import { type ChaosOptions, readOptions } from './options.ts';
import { printReport } from './print-report.ts';
import { type ChaosReport, createReport, isClean } from './report.ts';

const print = (line: string) => process.stderr.write(`${line}\n`);

/** The contract of the command: it ends by itself. */
const deadlineMs = 14.5 * 60_000;
const folders = ['first', 'second', 'silent'];
/** On a slow machine there are fewer rounds, not a longer run. */
const firstActUntilMs = 6.5 * 60_000;
const roundsUntilMs = 12 * 60_000;

/**
 * The fault matrix: explores the protocol in a simulation, then breaks a real gateway in every way it knows,
 * and holds what is left against what a client, a provider and a webhook receiver saw. Exits 1 on any
 * violation.
 */
async function chaos(options: ChaosOptions): Promise<boolean> {
  const random = seededRandom(options.seed);
  const report = createReport(options);
  print(`seed ${options.seed}`);
  print(`simulation: exploring seeds for ${options.simulateMs / 1000} s …`);
  report.simulation = exploreSeeds({ from: options.seed, forMs: options.simulateMs });
  const keepLogs = () => !isClean(report);
  await inFolder(keepLogs, async (dir, onSpawn) => {
    const common = { cacheDir: '.cache', onSpawn, options, report, print };
    const play = (act: ReturnType<typeof actsOf>[number], onRounds: () => void) =>
      playAct({ ...common, ...act, onRounds, dir: join(dir, act.folder), random: random.fork(act.name) });
    const [first, second, silent] = actsOf(options);
    // Where packets are swallowed little happens, so that act goes on beside the rounds of the others; not
    // beside what is measured.
    let silences: Promise<void> | null = null;
    const beginSilences = () => {
      silences ??= play(silent, () => undefined);
    };
    const rounds = (async () => {
      if (hasScenes(first)) await play(first, silent.silences === null ? () => undefined : beginSilences);
      if (hasScenes(second)) await play(second, () => undefined);
      if (hasScenes(silent)) beginSilences();
    })();
    const ended = await Promise.allSettled([rounds.then(() => silences), rounds]);
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  });
  printReport(report, (line) => process.stdout.write(`${line}\n`));
  if (options.jsonFile !== null) writeReport(options.jsonFile, report);
  return isClean(report);
}

/**
 * With a Redis that keeps its data, with one that does not, and with connections that fall silent: a cluster
 * of its own for each.
 */
function actsOf({ rounds, withScenes, neighbours, silences }: ChaosOptions) {
  const firstRounds = Math.ceil(rounds / 2);
  return [
    {
      name: 'Redis with persistence',
      folder: 'first',
      persistentRedis: true,
      rounds: firstRounds,
      roundsUntilMs: firstActUntilMs,
      withScenes,
      neighbours,
      silences: null,
    },
    {
      name: 'Redis without persistence',
      folder: 'second',
      persistentRedis: false,
      rounds: rounds - firstRounds,
      roundsUntilMs,
      withScenes: false,
      neighbours: false,
      silences: null,
    },
    {
      name: 'silent connections',
      folder: 'silent',
      persistentRedis: true,
      rounds: 0,
      roundsUntilMs,
      withScenes: false,
      neighbours: false,
      silences,
    },
  ] as const;
}

function hasScenes({ rounds, withScenes, neighbours, silences }: ReturnType<typeof actsOf>[number]): boolean {
  return rounds > 0 || withScenes || neighbours || silences !== null;
}

function writeReport(path: string, report: ChaosReport): void {
  const toJson = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
  writeFileSync(path, `${JSON.stringify(report.facts(), toJson, 2)}\n`);
}

/** Runs the work with a folder of its own, and ends every server that was started there, whatever happens. */
async function inFolder(
  keepLogs: () => boolean,
  work: (dir: string, onSpawn: (child: Child) => void) => Promise<void>,
): Promise<void> {
  const parent = resolve('.data');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  await removeLeftovers(parent, 'chaos');
  const dir = join(parent, `chaos-${process.pid}`);
  const folder = await claimFolder(dir);
  const children: Child[] = [];
  const stopServers = () => Promise.all(children.map((child) => child.stop(3000)));
  const end = async (reason: string, code: number) => {
    print(reason);
    await stopServers();
    process.exit(code);
  };
  onStopRequest(({ reason, code }) => void end(reason, code === 0 ? 130 : code));
  const deadline = setTimeout(() => void end('not finished in time', 1), deadlineMs);
  try {
    await work(dir, (child) => {
      children.push(child);
      folder.note(children);
    });
  } finally {
    clearTimeout(deadline);
    await stopServers();
    if (keepLogs()) keep(dir);
    for (const act of folders) removePostgres(join(dir, act, 'postgres'));
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What the processes said is wanted when a promise was broken. */
function keep(dir: string): void {
  const kept = resolve('.data', 'chaos-logs');
  rmSync(kept, { recursive: true, force: true });
  for (const act of folders.filter((name) => existsSync(join(dir, name, 'logs')))) {
    cpSync(join(dir, act, 'logs'), join(kept, act), { recursive: true });
  }
  print(`the logs of its processes are in ${kept}`);
}

async function main(): Promise<number> {
  return (await chaos(readOptions(process.argv.slice(2)))) ? 0 : 1;
}

main()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  });
