import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

/** A process of the gateway that is started again whenever it ends. */
export type Member = {
  name: string;
  role: 'api' | 'workers';
  /** Null while it is down or starting. */
  url(): string | null;
  isUp(): boolean;
  /** True when it was started with a failpoint. */
  isArmed(): boolean;
  /** Ends it; it comes back by itself. False when it is not running. */
  kill(signal: NodeJS.Signals): boolean;
  /** Pauses it as SIGSTOP does and lets it go on after `ms`. */
  freeze(ms: number): Promise<void>;
};

export type Members = {
  all: Member[];
  /** The addresses of the APIs that are up. */
  urls(): string[];
  /** Resolves when every process is up. */
  allUp(): Promise<void>;
  /** Kills every process that carries a failpoint; how many. New ones get none while `calm`. */
  disarm(): number;
  setCalm(calm: boolean): void;
  /** Sentences about processes that ended though nobody ended them, or that reported a bug. */
  surprises: string[];
  close(): Promise<void>;
};

export type MembersOptions = {
  roles: { api: number; workers: number };
  env: Record<string, string>;
  /** The environment that differs by role: each side has links of its own. */
  envOf(role: Member['role']): Record<string, string>;
  logDir: string;
  /** What the next process of this role is to fail at, as FAILPOINTS has it; null for nothing. */
  nextFailpoint(role: Member['role']): string | null;
  /** Told of every failpoint that fired, by name and action. */
  onFailpoint(name: string, action: string): void;
  /** How long a process that paused itself stays so. */
  pauseMs: number;
};

const restartMs = 50;

/** Starts the processes of a gateway and keeps them running, whatever is done to them. */
export function startMembers(options: MembersOptions): Members {
  const surprises: string[] = [];
  const pids = new Set<number>();
  let closing = false;
  let calm = true;

  function startMember(role: Member['role'], number: number): Member {
    const name = `${role}-${number}`;
    const sink = createWriteStream(join(options.logDir, `${name}.log`), { flags: 'a' });
    let child: ChildProcess | null = null;
    let url: string | null = null;
    let expected = false;
    let armed = false;
    let output = '';

    function launch(): void {
      if (closing) return;
      const failpoint = calm ? null : options.nextFailpoint(role);
      armed = failpoint !== null;
      expected = false;
      const started = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js', role], {
        env: {
          ...options.env,
          ...options.envOf(role),
          ...(failpoint === null ? {} : { FAILPOINTS: failpoint }),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      child = started;
      const { pid } = started;
      if (pid !== undefined) pids.add(pid);
      started.stdout.on('data', (chunk: Buffer) => {
        const ready = /^ready (\S+)/m.exec(chunk.toString());
        if (ready !== null) url = ready[1] ?? null;
      });
      output = '';
      started.stderr.on('data', (chunk: Buffer) => {
        sink.write(chunk);
        const text = chunk.toString();
        output = (output + text).slice(-4000);
        for (const [, at = '', action = ''] of text.matchAll(/^failpoint (\S+) (\S+)$/gm)) fired(at, action);
      });
      started.once('exit', (code, signal) => {
        if (pid !== undefined) pids.delete(pid);
        url = null;
        child = null;
        if (!expected && !closing) {
          surprises.push(`${name} ended by itself with ${signal ?? `code ${code}`}: ${output.slice(-1500)}`);
        }
        setTimeout(launch, restartMs);
      });
    }

    function fired(at: string, action: string): void {
      options.onFailpoint(at, action);
      if (action === 'kill') expected = true;
      if (action === 'stop') {
        const paused = child?.pid;
        setTimeout(
          () => paused !== undefined && pids.has(paused) && process.kill(paused, 'SIGCONT'),
          options.pauseMs,
        );
      }
    }

    launch();
    return {
      name,
      role,
      url: () => url,
      isUp: () => url !== null,
      isArmed: () => armed && child !== null,
      kill: (signal) => {
        if (child === null || url === null) return false;
        expected = true;
        return child.kill(signal);
      },
      freeze: async (ms) => {
        const frozen = child?.pid;
        if (frozen === undefined) return;
        process.kill(frozen, 'SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, ms));
        if (pids.has(frozen)) process.kill(frozen, 'SIGCONT');
      },
    };
  }

  const all = [
    ...Array.from({ length: options.roles.api }, (_, index) => startMember('api', index + 1)),
    ...Array.from({ length: options.roles.workers }, (_, index) => startMember('workers', index + 1)),
  ];
  return {
    all,
    urls: () => all.flatMap((member) => (member.role === 'api' ? (member.url() ?? []) : [])),
    allUp: async () => {
      while (!all.every((member) => member.isUp())) await new Promise((resolve) => setTimeout(resolve, 25));
    },
    disarm: () => all.filter((member) => member.isArmed() && member.kill('SIGKILL')).length,
    setCalm: (isCalm) => {
      calm = isCalm;
    },
    surprises,
    close: async () => {
      closing = true;
      const left = [...pids];
      for (const pid of left) process.kill(pid, 'SIGKILL');
      while (pids.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
