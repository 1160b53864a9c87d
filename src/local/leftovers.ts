import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The processes of one stack, by what they are, as kept in its data folder while it runs. */
type Running = { stack: number; children: { name: string; pid: number }[] };

const fileName = 'running.json';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether the process still is what it was when it was noted: a pid may have been given to somebody else. */
function looksLike(pid: number, dir: string): boolean {
  if (!isAlive(pid)) return false;
  const path = `/proc/${pid}/cmdline`;
  if (!existsSync('/proc/self/cmdline')) return true;
  return existsSync(path) && readFileSync(path, 'utf8').includes(dir);
}

/**
 * Refuses to start beside a stack that runs on the same data folder, and stops what a killed one left behind: two servers
 * on one folder would destroy it.
 */
export async function clearLeftovers(dir: string): Promise<void> {
  const path = join(dir, fileName);
  if (!existsSync(path)) return;
  const running = JSON.parse(readFileSync(path, 'utf8')) as Running;
  if (running.stack !== process.pid && isAlive(running.stack) && looksLike(running.stack, 'dist/local/')) {
    throw new Error(
      `a stack is already running on ${dir} (process ${running.stack}); stop it first, or set DATA_DIR`,
    );
  }
  for (const { pid } of running.children.filter((child) => looksLike(child.pid, dir))) {
    process.kill(pid, 'SIGINT');
    const until = Date.now() + 8000;
    while (isAlive(pid) && Date.now() < until) await new Promise((next) => setTimeout(next, 50));
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
  rmSync(path, { force: true });
}

/** Notes what runs, so that the next start can find it if this process is killed. */
export function noteRunning(dir: string, children: { name: string; pid: number }[]): void {
  const running: Running = { stack: process.pid, children };
  writeFileSync(join(dir, fileName), JSON.stringify(running), { mode: 0o600 });
}

export function forgetRunning(dir: string): void {
  rmSync(join(dir, fileName), { force: true });
}
