import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

type Note = { stack: ProcessIdentity; children: (ProcessIdentity & { name: string })[] };

export type ClaimedFolder = {
  /** Writes down what runs on the folder now, so that the next start can end it if this process is killed. */
  note(children: { name: string; pid: number }[]): void;
  release(): void;
};

const fileName = 'running.json';
/** How long a server left behind may take to close its files before it is killed. */
const patienceMs = 8000;

/**
 * Makes this process the only one that runs servers on `dir`: two Postgres or two Redis on the same files would destroy
 * them. Throws when another stack has it; what a killed stack left running there is stopped first.
 */
export async function claimFolder(dir: string): Promise<ClaimedFolder> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const me = identify(process.pid);
  if (me === null)
    throw new Error('this system does not tell when a process started: neither /proc nor ps works');
  const path = join(dir, fileName);
  const left = takeOver(dir, path, me);
  for (const child of left) await end(child);
  write(path, { stack: me, children: [] });
  return {
    note: (children) => {
      const known = children.flatMap(({ name, pid }) => {
        const identity = identify(pid);
        return identity === null ? [] : [{ name, ...identity }];
      });
      write(path, { stack: me, children: known });
    },
    release: () => rmSync(path, { force: true }),
  };
}

/** Puts our name on the folder in one step that only one process can win; gives what the one before left behind. */
function takeOver(dir: string, path: string, me: ProcessIdentity): Note['children'] {
  const mine = `${path}.${me.pid}`;
  const before = read(path);
  if (before !== null && before.note !== null && isRunning(before.note.stack))
    refuse(dir, before.note.stack.pid);
  // The children stay on the new note until they have ended, in case we are killed meanwhile.
  const children = before?.note?.children ?? [];
  if (before !== null) {
    const stale = `${mine}.stale`;
    try {
      renameSync(path, stale);
    } catch {
      refuse(dir, null);
    }
    const moved = readFileSync(stale, 'utf8');
    if (moved !== before.text) {
      // Somebody else took the folder between our look and our move: it is theirs.
      renameSync(stale, path);
      refuse(dir, null);
    }
    rmSync(stale);
  }
  writeFileSync(mine, JSON.stringify({ stack: me, children }), { mode: 0o600 });
  try {
    linkSync(mine, path);
  } catch {
    refuse(dir, null);
  } finally {
    rmSync(mine, { force: true });
  }
  return children;
}

function refuse(dir: string, pid: number | null): never {
  const who = pid === null ? '' : ` (process ${pid})`;
  throw new Error(
    `another stack is running on ${dir}${who}: stop it first, or set DATA_DIR to another folder`,
  );
}

function read(path: string): { text: string; note: Note | null } | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  try {
    const note = JSON.parse(text) as Note;
    return { text, note: Array.isArray(note.children) ? note : null };
  } catch {
    return { text, note: null };
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
  process.kill(child.pid, 'SIGINT');
  const until = Date.now() + patienceMs;
  while (isRunning(child)) {
    if (Date.now() > until) process.kill(child.pid, 'SIGKILL');
    await new Promise((next) => setTimeout(next, 25));
  }
}
