import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

export type Child = {
  name: string;
  pid: number;
  /** Resolves with a sentence when the process ends, whoever ended it. */
  ended: Promise<string>;
  /** What it ended with; null while it runs, and when a signal ended it. */
  exitCode(): number | null;
  /** Asks it to stop, and kills it when it has not after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
};

export type ChildOptions = {
  name: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Where its output goes; without it, to our standard error. */
  logFile?: string;
  stopSignal: NodeJS.Signals;
  /** Called with each line of its standard output. */
  onLine?(line: string): void;
};

/**
 * Starts a process in a process group of its own, so that Ctrl-C in the terminal reaches us first and we stop
 * it in the right order.
 */
export function startChild(file: string, args: string[], options: ChildOptions): Child {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = child;
  const sink =
    options.logFile === undefined ? process.stderr : createWriteStream(options.logFile, { flags: 'a' });
  stderr.on('data', (chunk: Buffer) => sink.write(chunk));
  let rest = '';
  stdout.on('data', (chunk: Buffer) => {
    if (options.onLine === undefined) {
      sink.write(chunk);
      return;
    }
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) options.onLine(line);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${options.name} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`${options.name} ended with ${signal ?? `code ${code}`}`));
  });
  return {
    name: options.name,
    pid: child.pid ?? 0,
    ended,
    exitCode: () => child.exitCode,
    stop: (timeoutMs) => stopChild(child, options.stopSignal, timeoutMs),
  };
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await gone;
  clearTimeout(timer);
}
