import { spawn } from 'node:child_process';

export type Program = {
  cwd: string;
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  /** Ends it, and what it started, at once. */
  signal: AbortSignal;
  /** Called with each line of its standard output. */
  onLine?(line: string): void;
};

/** How a program ended; `tail` is the end of what it wrote to its standard error. */
export type Ended = { code: number | null; why: string; tail: string };

const tailLengthMax = 4000;

/**
 * Runs a program in a process group of its own to its end and never rejects: one that could not be started,
 * or was ended by its bound of time, has no code.
 */
export function runProgram(file: string, args: string[], program: Program): Promise<Ended> {
  const { cwd, env, timeoutMs, signal, onLine = () => undefined } = program;
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    let rest = '';
    let cause: string | null = null;
    const end = (reason: string) => {
      cause ??= reason;
      killGroup(child.pid);
    };
    const timer = setTimeout(() => end(`had not ended after ${timeoutMs / 1000} s`), timeoutMs);
    const onAbort = () => end('was stopped');
    signal.addEventListener('abort', onAbort, { once: true });
    const finish = (code: number | null, why: string) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (rest !== '') onLine(rest);
      resolve({ code: cause === null ? code : null, why: cause ?? why, tail });
    };
    child.stderr.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-tailLengthMax);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    child.once('error', (error) => finish(null, `could not be started: ${error.message}`));
    child.once('close', (code, by) => finish(code, `ended with ${by ?? `code ${code}`}`));
    if (signal.aborted) onAbort();
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
