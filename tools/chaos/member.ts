import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export type Role = 'api' | 'workers';

/** A process of the gateway that is started again whenever it ends. */
export type Member = {
  role: Role;
  /** Null while it is down or starting. */
  url(): string | null;
  isUp(): boolean;
  /** True when it runs and was started with a failpoint. */
  isArmed(): boolean;
  /** Ends it; from then on it is not up, and comes back by itself. False when it is not up. */
  kill(signal: NodeJS.Signals): boolean;
  /** Pauses it as SIGSTOP does and lets it go on after `ms`. */
  freeze(ms: number): Promise<void>;
  /** Kills it for good. */
  close(): Promise<void>;
};

export type MemberOptions = {
  name: string;
  role: Role;
  /** Asked at every start. */
  env(): Record<string, string>;
  logDir: string;
  /** What the next process is to fail at, as FAILPOINTS has it; null for nothing. */
  nextFailpoint(): string | null;
  /** Told of every failpoint that fired. */
  onFailpoint(name: string, action: string): void;
  /** Told when it ended though nobody ended it. */
  onSurprise(sentence: string): void;
  /** How long a process that paused itself stays so. */
  pauseMs: number;
};

/** One process, from its start to its end. */
type Life = { child: ChildProcess; isArmed: boolean; isEnding: boolean; url: string | null; output: string };

const restartMs = 50;
const outputKept = 4000;

/** Starts a process and keeps it running, whatever is done to it. */
export function startMember(options: MemberOptions): Member {
  const sink = createWriteStream(join(options.logDir, `${options.name}.log`), { flags: 'a' });
  let life: Life | null = null;
  let isClosing = false;

  function live(): void {
    if (isClosing) return;
    const begun = begin(options, sink);
    life = begun;
    begun.child.once('exit', (code, signal) => {
      if (!begun.isEnding && !isClosing) {
        const how = signal ?? `code ${code}`;
        options.onSurprise(`${options.name} ended by itself with ${how}: ${begun.output.slice(-1500)}`);
      }
      life = null;
      setTimeout(live, restartMs);
    });
  }

  live();
  return {
    role: options.role,
    url: () => life?.url ?? null,
    isUp: () => life !== null && life.url !== null,
    isArmed: () => life?.isArmed === true,
    kill: (signal) => {
      if (life === null || life.url === null) return false;
      life.isEnding = true;
      life.url = null;
      return life.child.kill(signal);
    },
    freeze: (ms) => (life === null ? Promise.resolve() : pauseProcess(life.child, ms)),
    close: async () => {
      isClosing = true;
      life?.child.kill('SIGKILL');
      while (life !== null) await sleep(10);
    },
  };
}

function begin(options: MemberOptions, sink: WriteStream): Life {
  const failpoint = options.nextFailpoint();
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js', options.role], {
    env: { ...options.env(), ...(failpoint === null ? {} : { FAILPOINTS: failpoint }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const life: Life = { child, isArmed: failpoint !== null, isEnding: false, url: null, output: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    life.url ??= /^ready (\S+)/m.exec(chunk.toString())?.[1] ?? null;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    sink.write(chunk);
    const text = chunk.toString();
    life.output = (life.output + text).slice(-outputKept);
    for (const [, name = '', action = ''] of text.matchAll(/^failpoint (\S+) (\S+)$/gm)) {
      options.onFailpoint(name, action);
      if (action === 'kill') life.isEnding = true;
      if (action === 'stop') void wakeLater(child, options.pauseMs);
    }
  });
  return life;
}

async function pauseProcess(child: ChildProcess, ms: number): Promise<void> {
  child.kill('SIGSTOP');
  await wakeLater(child, ms);
}

async function wakeLater(child: ChildProcess, ms: number): Promise<void> {
  await sleep(ms);
  child.kill('SIGCONT');
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
