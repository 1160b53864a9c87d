import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../stack/child.ts';
import { type Usage, usageOfTree } from './process-usage.ts';

/** A process that was started for the bench and serves until it is stopped. */
export type Part = {
  name: string;
  url: string;
  usage(): Usage;
  /** What it uses once its garbage is collected. */
  collectedUsage(): Promise<Usage>;
  stop(): Promise<void>;
};

export type Workshop = {
  dir: string;
  /** Told of every process as soon as it runs, so that none stays behind. */
  onSpawn(child: Child): void;
  /** The most memory a process of each name had at its end, in MB. */
  memory: Map<string, number>;
};

const stopMaxWaitMs = 8000;
const collecting = ['--expose-gc', '--import', './dist-tools/tools/bench/processes/collect-when-asked.js'];

/** Starts a Node process of ours that says `ready ADDRESS`, with its log in the workshop. */
export async function startPart(
  workshop: Workshop,
  name: string,
  command: { script: string; args?: string[]; env: Record<string, string> },
): Promise<Part> {
  let ready: (url: string) => void = () => undefined;
  const url = new Promise<string>((done) => {
    ready = done;
  });
  let collected: () => void = () => undefined;
  const child = spawnNode(workshop, name, { ...command, flags: collecting }, (line) => {
    if (line.startsWith('ready ')) ready(line.slice('ready '.length));
    if (line === 'collected') collected();
  });
  const failed = child.ended.then((how): never => {
    throw new Error(`${how}; its log is ${logOf(workshop, name)}`);
  });
  failed.catch(() => undefined);
  return {
    name,
    url: await Promise.race([url, failed]),
    usage: () => usageOfTree(child.pid),
    collectedUsage: async () => {
      const done = new Promise<void>((resolve) => {
        collected = resolve;
      });
      process.kill(child.pid, 'SIGUSR2');
      await Promise.race([done, failed]);
      return usageOfTree(child.pid);
    },
    stop: async () => {
      noteMemory(workshop, name, usageOfTree(child.pid).rssMb);
      await child.stop(stopMaxWaitMs);
    },
  };
}

let plans = 0;

/**
 * Runs one of `processes/` with a plan to its end and gives the result it wrote; `onLine` hears all it says
 * before.
 */
export async function runTool<Result>(
  workshop: Workshop,
  name: string,
  plan: unknown,
  onLine: (line: string) => void = () => undefined,
): Promise<Result & { rssMb: number }> {
  plans += 1;
  const planFile = join(workshop.dir, `plan-${plans}.json`);
  writeFileSync(planFile, JSON.stringify(plan), { mode: 0o600 });
  const lines: string[] = [];
  const command = {
    script: `dist-tools/tools/bench/processes/${name}.js`,
    args: [planFile],
    env: { PATH: process.env['PATH'] ?? '' },
  };
  const how = await spawnNode(workshop, name, command, (line) => {
    lines.push(line);
    onLine(line);
  }).ended;
  const result = lines.find((line) => line.startsWith('result '));
  if (result === undefined) throw new Error(`${how} without a result; its log is ${logOf(workshop, name)}`);
  const parsed = JSON.parse(result.slice('result '.length)) as Result & { rssMb: number };
  noteMemory(workshop, name, parsed.rssMb);
  return parsed;
}

function spawnNode(
  workshop: Workshop,
  name: string,
  command: { script: string; flags?: string[]; args?: string[]; env: Record<string, string> },
  onLine: (line: string) => void,
): Child {
  const args = ['--enable-source-maps', ...(command.flags ?? []), command.script, ...(command.args ?? [])];
  const child = startChild(process.execPath, args, {
    name,
    env: command.env,
    logFile: logOf(workshop, name),
    stopSignal: 'SIGTERM',
    onLine,
  });
  workshop.onSpawn(child);
  return child;
}

function logOf(workshop: Workshop, name: string): string {
  return join(workshop.dir, `${name}.log`);
}

function noteMemory(workshop: Workshop, name: string, rssMb: number): void {
  workshop.memory.set(name, Math.max(workshop.memory.get(name) ?? 0, rssMb));
}
