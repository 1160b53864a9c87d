import { spawn } from 'node:child_process';

/** How long vitest may take to end its workers when the run is interrupted. */
const maxWaitMs = 3000;

/**
 * Runs vitest in a process group of its own and gives its exit code. Tests start processes; whatever of the
 * group is left at the end, or when `signal` aborts, is killed with it.
 */
export async function runVitest(
  reportFile: string,
  extraArgs: string[],
  signal: AbortSignal,
  env: Record<string, string>,
  onSpawn: (child: { name: string; pid: number }) => void,
): Promise<number> {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args, ...extraArgs], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (child.pid !== undefined) onSpawn({ name: 'vitest', pid: child.pid });
  const send = (what: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, what);
    } catch {
      // Nobody of the group is left.
    }
  };
  const onAbort = () => {
    send('SIGTERM');
    setTimeout(() => send('SIGKILL'), maxWaitMs).unref();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const code = await new Promise<number>((done) => {
    child.once('error', () => done(1));
    child.once('exit', (exitCode) => done(exitCode ?? 1));
  });
  signal.removeEventListener('abort', onAbort);
  send('SIGKILL');
  return code;
}
