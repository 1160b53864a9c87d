import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** One process and no other: a pid alone may since have been given to somebody else. */
export type ProcessIdentity = { pid: number; startedAt: string };

/**
 * Who has this pid now, or null when nobody has (a process that has ended and waits to be collected counts as
 * nobody).
 */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = existsSync('/proc/self/stat') ? startInProc(pid) : startFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Whether that very process still runs. */
export function isRunning(process: ProcessIdentity): boolean {
  const now = identify(process.pid);
  return now !== null && now.startedAt === process.startedAt;
}

/**
 * Clock ticks since this boot, and which boot it was: after a restart of the machine the same ticks come
 * again.
 */
function startInProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command is in parentheses and may hold anything, so the fields are counted from the last one on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return null;
  }
}

function startFromPs(pid: number): string | null {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env,
    }).trim();
    return started === '' ? null : started;
  } catch {
    return null;
  }
}
