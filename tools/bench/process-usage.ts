import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What the processes below and including one have used: CPU time since they started, and memory now. */
export type Usage = { cpuMs: number; rssMb: number };

/** Linux counts CPU time in ticks of this length to every program, whatever the kernel's own are. */
const tickMs = 10;

/**
 * What a process and its children use, those that have ended and were collected included. Memory is each
 * process's share (PSS where it may be read, else RSS), so that what several share counts once. Zeros for a
 * process that is gone.
 */
export function usageOfTree(pid: number): Usage {
  const family = familyOf(pid);
  if (family === null) return usageFromPs(pid);
  const root = family.find((member) => member.pid === pid);
  const ownTicks = family.reduce((sum, member) => sum + member.ticks, 0);
  return {
    cpuMs: (ownTicks + (root?.ticksOfEndedChildren ?? 0)) * tickMs,
    rssMb: family.reduce((sum, member) => sum + memoryMb(member.pid), 0),
  };
}

type Member = { pid: number; parent: number; ticks: number; ticksOfEndedChildren: number };

/** Null where there is no /proc. */
function familyOf(pid: number): Member[] | null {
  try {
    const all = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readMember(Number(name)));
    const family = all.filter((member) => member.pid === pid);
    for (const member of family) family.push(...all.filter(({ parent }) => parent === member.pid));
    return family;
  } catch {
    return null;
  }
}

/**
 * Fields 4, 14 to 17 of /proc/PID/stat, counted from behind the command, which may hold anything; see
 * proc_pid_stat(5).
 */
function readMember(pid: number): Member[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return [
      { pid, parent: fields[1] ?? 0, ticks: user + system, ticksOfEndedChildren: endedUser + endedSystem },
    ];
  } catch {
    return [];
  }
}

function memoryMb(pid: number): number {
  return (
    (readKilobytes(`/proc/${pid}/smaps_rollup`, 'Pss') ??
      readKilobytes(`/proc/${pid}/status`, 'VmRSS') ??
      0) / 1024
  );
}

function readKilobytes(path: string, field: string): number | null {
  try {
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'));
    return match === null ? null : Number(match[1]);
  } catch {
    return null;
  }
}

function usageFromPs(pid: number): Usage {
  try {
    const args = ['-o', 'rss=,time=', '-p', String(pid)];
    const [rss = '0', time = '0'] = execFileSync('ps', args, { encoding: 'utf8' }).trim().split(/\s+/);
    const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    return { cpuMs: seconds * 1000, rssMb: Number(rss) / 1024 };
  } catch {
    return { cpuMs: 0, rssMb: 0 };
  }
}
