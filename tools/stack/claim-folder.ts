import { spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

type Note = { stack: ProcessIdentity; children: (ProcessIdentity & { name: string })[] };

export type ClaimedFolder = {
  /** Writes down what runs on the folder now, so that the next start can end it if this process is killed. */
  note(children: { name: string; pid: number }[]): void;
  release(): void;
};

const fileName = 'running.json';
/** How long a server left behind may take to close its files before it is killed. */
const maxWaitMs = 8000;
/** Taking a folder takes milliseconds; a door that is closed for longer was left so by a kill. */
const doorMaxWaitMs = 10_000;

/**
 * Makes this process the only one that runs servers on `dir`: two Postgres or two Redis on the same files
 * would destroy them. Throws when another stack has it; what a killed stack left running there is stopped
 * first.
 */
export async function claimFolder(dir: string): Promise<ClaimedFolder> {
  makeFolder(dir);
  const me = identify(process.pid);
  if (me === null)
    throw new Error('this system does not tell when a process started: neither /proc nor ps works');
  const path = join(dir, fileName);
  const left = takeOver(dir, path, me);
  for (const child of left) await end(child);
  write(path, { stack: me, children: [] });
  const guard = startGuard(dir);
  return {
    note: (children) => {
      const known = children.flatMap(({ name, pid }) => {
        const identity = identify(pid);
        return identity === null ? [] : [{ name, ...identity }];
      });
      write(path, { stack: me, children: known });
    },
    release: () => {
      rmSync(path, { force: true });
      guard.stdin.end();
    },
  };
}

/**
 * Stops what a process that is no more left running on a folder, the last started first: the gateway before
 * what it stands on. Does nothing while that process runs, or when another has taken the folder over.
 */
export async function endLeftBehind(dir: string): Promise<void> {
  const path = join(dir, fileName);
  const note = read(path);
  if (note === null || isRunning(note.stack)) return;
  for (const child of note.children.toReversed()) await end(child);
  if (read(path)?.stack.startedAt === note.stack.startedAt) rmSync(path, { force: true });
}

/** Next to this file in a build, which is there whenever anything of ours runs. */
const guardScript = resolve(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? '../../dist-tools/tools/stack' : '.',
  'end-left-behind.js',
);

/**
 * Whoever ends us with SIGKILL, alone or with our whole terminal, does not end this one, and it ends the
 * rest.
 */
function startGuard(dir: string) {
  const guard = spawn(process.execPath, [guardScript, resolve(dir)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  // A pipe, which is a socket to Node; its type does not say so.
  (guard.stdin as unknown as { unref?(): void }).unref?.();
  return guard;
}

/** Makes the folder, or says in a sentence why it cannot be used. */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `DATA_DIR: ${dir} cannot be written (${code}); give this user the right to, or set DATA_DIR to another folder`,
      { cause: error },
    );
  }
}

/**
 * Puts our name on the folder, which only one process can do at a time; gives what the one before left
 * behind.
 */
function takeOver(dir: string, path: string, me: ProcessIdentity): Note['children'] {
  const door = `${path}.taking`;
  const openedAt = statSync(door, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - openedAt > doorMaxWaitMs) rmSync(door, { force: true });
  try {
    closeSync(openSync(door, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') refuse(dir, null);
    throw error;
  }
  try {
    const before = read(path);
    if (before !== null && isRunning(before.stack)) refuse(dir, before.stack.pid);
    // The children stay on the new note until they have ended, in case we are killed meanwhile.
    const children = before?.children ?? [];
    write(path, { stack: me, children });
    return children;
  } finally {
    rmSync(door, { force: true });
  }
}

function refuse(dir: string, pid: number | null): never {
  const who = pid === null ? '' : ` (process ${pid})`;
  throw new Error(
    `another stack is running on ${dir}${who}: stop it first, or set DATA_DIR to another folder`,
  );
}

/** Null when there is none, or one that a crash cut off: then nothing is known to run. */
function read(path: string): Note | null {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Note;
    return Array.isArray(note.children) ? note : null;
  } catch {
    return null;
  }
}

function write(path: string, note: Note): void {
  const next = `${path}.next`;
  writeFileSync(next, JSON.stringify(note), { mode: 0o600 });
  renameSync(next, path);
}

async function end(child: ProcessIdentity): Promise<void> {
  if (!isRunning(child)) return;
  // SIGINT is the fast, clean shutdown of Postgres; Redis and our own processes take it as well.
  send(child.pid, 'SIGINT');
  const until = Date.now() + maxWaitMs;
  while (isRunning(child)) {
    if (Date.now() > until) send(child.pid, 'SIGKILL');
    await new Promise((next) => setTimeout(next, 25));
  }
  // Of what it had started, nothing outlives it.
  sendToGroup(child.pid, 'SIGKILL');
}

/** To its whole group, which it leads when we started it; else to itself. */
function send(pid: number, signal: NodeJS.Signals): void {
  if (!sendToGroup(pid, signal) && identify(pid) !== null) process.kill(pid, signal);
}

function sendToGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
